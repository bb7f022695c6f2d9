import { expect, it } from "vitest";
import { ZSTDDecoder } from "zstddec/stream";
import { zstdFrame } from "../../testing/zstd-frame.testing.ts";
import { decompressorOf } from "./parquet/compressors.ts";
import { zstdInScript } from "./zstd-in-script.ts";
import { zstdLibrary } from "./zstd-library.ts";

const data = Buffer.from(Array.from({ length: 70_001 }, (_, index) => (index * 2654435761) >>> 24));
const frame = zstdFrame(data, { blockBytes: 9_999 });

it("is not taken from other code that has started it; then frames and pages are unpacked in script, and as strictly", async () => {
  await new ZSTDDecoder().init();
  expect(await zstdLibrary()).toBeUndefined();
  const chunks: Buffer[] = [];
  for await (const chunk of zstdInScript(
    (async function* () {
      yield frame;
    })(),
  ))
    chunks.push(chunk);
  expect(Buffer.concat(chunks).equals(data)).toBe(true);
  const unpack = await decompressorOf("ZSTD");
  expect(data.equals(unpack(frame, data.length))).toBe(true);
  for (const length of [data.length + 1, data.length - 1, 0])
    expect(() => unpack(frame, length), `${length}`).toThrow();
});
