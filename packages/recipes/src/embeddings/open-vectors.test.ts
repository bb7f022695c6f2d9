import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "@cramkit/errors";
import { expect, it } from "vitest";
import { openVectors } from "./open-vectors.ts";
import { writeVectorFile } from "./write-vector-file.ts";

const folder = mkdtempSync(join(tmpdir(), "cramkit-vectors-"));
const path = join(folder, "vectors.safetensors");

it("refuses a file of which a bit has changed: of its metadata, its vectors and its texts", async () => {
  const items = Array.from({ length: 5 }, (_, i) => ({
    text: `text ${i}`,
    id: `${i}`,
    vector: Float32Array.from({ length: 4 }, (_, k) => Math.sin(i + k)),
  }));
  await writeVectorFile(path, items, { model: "model", digest: "abc", pooling: "mean", maxLength: 32 });
  const file = await openVectors(path);
  expect(await file.rows([0, 4])).toEqual([
    { text: "text 0", id: "0" },
    { text: "text 4", id: "4" },
  ]);
  await file.close();
  const whole = readFileSync(path);
  const header = 8 + Number(whole.readBigUInt64LE(0));
  const silent: string[] = [];
  for (let at = 0; at < whole.length; at += 7) {
    const flipped = Buffer.from(whole);
    flipped[at]! ^= 1 << (at % 8);
    writeFileSync(path, flipped);
    try {
      await (await openVectors(path)).close();
      // Blanks behind the header's JSON say nothing.
      if (whole.subarray(at, header).toString().trim() !== "") silent.push(`${at} of ${whole.length}`);
    } catch (error) {
      expect(hasCode(error, "damaged-file"), `${at}: ${error}`).toBe(true);
    }
  }
  expect(silent).toEqual([]);
});

it("refuses a file that claims to hold no rows", async () => {
  const empty = (name: string, dtype: string, shape: number[]) => [name, { dtype, shape, data_offsets: [0, 0] }];
  const metadata = {
    ...{ format: "cramkit-vectors-1", model: "model", digest: "abc", pooling: "mean", maxLength: "32" },
    ...{ vectorsDigest: "0".repeat(64), contentDigest: "0".repeat(64) },
  };
  const tensors = [empty("vectors", "F32", [0, 4]), empty("row_ends", "I64", [0]), empty("rows", "U8", [0])];
  const header = Buffer.from(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(tensors) }));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(path, Buffer.concat([size, header]));
  await expect(openVectors(path)).rejects.toMatchObject({ code: "damaged-file", place: path });
});
