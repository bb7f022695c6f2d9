import { expect, it } from "vitest";
import { zstdFrame } from "../../testing/zstd-frame.testing.ts";
import { zstdInScript } from "./zstd-in-script.ts";
import { zstdInWasm } from "./zstd-in-wasm.ts";

async function* pieces(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const unpack = async (bytes: Buffer, size: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of zstdInScript(pieces(bytes, size))) chunks.push(chunk);
  return Buffer.concat(chunks);
};

const data = Buffer.from(Array.from({ length: 70_001 }, (_, index) => (index * 2654435761) >>> 24));

it("unpacks the same as the decoder in script, whatever the sizes of the pieces", async () => {
  // One window is small enough for WebAssembly, the other is not.
  for (const size of [97, 10_000, 1 << 18])
    for (const windowLog of [20, 26])
      expect(data.equals(await unpack(zstdFrame(data, { windowLog, blockBytes: 9_999 }), size))).toBe(true);
});

it("stops at damaged data instead of going on without end, and gives back the memory of frames that are left", async () => {
  const unpacker = (await zstdInWasm())!;
  const frame = zstdFrame(data, { blockBytes: 10_000, windowLog: 25 }); // 200 of its windows are 6 GB
  const damaged = Buffer.from(frame);
  damaged[6] = 7; // a block of the reserved kind
  for (let time = 0; time < 200; time++) {
    const first = unpacker();
    expect(() => [
      ...first.push(damaged.subarray(0, 1000), false),
      ...first.push(damaged.subarray(1000), true),
    ]).toThrow();
    first.close();
    const second = unpacker();
    for (const _ of second.push(frame.subarray(0, 50_000), false)) break;
    second.close();
    expect(() => second.close()).not.toThrow();
  }
  const last = unpacker();
  expect(data.equals(Buffer.concat([...last.push(frame, true)]))).toBe(true);
  last.close();
});
