import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bytesSource, openSafetensors, safetensorsChunks, type TensorEntry } from "./index.ts";
import { openCheckpoint, writeCheckpoint, writeSafetensors } from "./node/index.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "cramkit-checkpoint-"));
});
afterAll(() => rm(root, { recursive: true }));

const tensors: TensorEntry[] = [
  { name: "a.weight", dtype: "F32", shape: [2, 3], data: Float32Array.from([1, -2, 3.5, 0, 1e-30, 1e30]) },
  { name: "half", dtype: "F16", shape: [5], data: Float32Array.from([1, -65504, 2 ** -24, 0.5, 2 ** -14]) },
  { name: "brain", dtype: "BF16", shape: [1, 3], data: Float32Array.from([1, -3.140625, 2 ** 100]) },
  { name: "ids", dtype: "I32", shape: [3], data: Int32Array.from([1, -2, 2 ** 31 - 1]) },
  { name: "long", dtype: "I64", shape: [1], data: BigInt64Array.from([-(2n ** 62n)]) },
  { name: "scalar", dtype: "F64", shape: [], data: Float64Array.from([Math.PI]) },
  { name: "empty", dtype: "F32", shape: [0, 4], data: new Float32Array() },
  { name: "mask", dtype: "BOOL", shape: [2], data: Uint8Array.from([1, 0]) },
];

async function toBytes(entries: TensorEntry[], metadata: Record<string, string> = {}): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of safetensorsChunks(entries, { metadata })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function all(checkpoint: AsyncIterable<TensorEntry>): Promise<TensorEntry[]> {
  const entries: TensorEntry[] = [];
  for await (const entry of checkpoint) entries.push(entry);
  return entries;
}

/** A file with this header and `dataBytes` bytes behind it. */
function fileOf(header: unknown, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.byteLength + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.byteLength), true);
  bytes.set(json, 8);
  return bytes;
}

describe("safetensors", () => {
  it("reads what it wrote, every dtype and shape", async () => {
    const path = join(root, "all.safetensors");
    await writeSafetensors(path, tensors, { metadata: { format: "pt", note: "käse" } });
    const checkpoint = await openCheckpoint(path);
    expect(checkpoint.metadata).toEqual({ format: "pt", note: "käse" });
    expect(await all(checkpoint)).toEqual(tensors);
    expect(await checkpoint.read("ids")).toEqual(tensors[3]);
    await expect(checkpoint.read("nothing")).rejects.toThrow(/nothing/);
    await checkpoint.close();
    expect((await readdir(root)).filter((name) => name.includes(".partial-"))).toEqual([]);
  });

  it("stores floats in a narrower type on request, and leaves integers", async () => {
    const path = join(root, "narrow.safetensors");
    await writeSafetensors(path, tensors, { floats: "BF16" });
    const checkpoint = await openCheckpoint(path);
    expect((await checkpoint.read("a.weight")).dtype).toBe("BF16");
    expect((await checkpoint.read("ids")).dtype).toBe("I32");
    await checkpoint.close();
  });

  it("fetches the data of a tensor when its turn comes", async () => {
    const order: string[] = [];
    const lazy = ["x", "y"].map((name) => ({
      name,
      dtype: "F32" as const,
      shape: [1],
      data: async () => {
        order.push(name);
        return Float32Array.of(1);
      },
    }));
    for await (const _ of safetensorsChunks(lazy)) order.push("chunk");
    expect(order).toEqual(["chunk", "x", "chunk", "y", "chunk"]);
  });

  it("writes shards with an index and reads them as one", async () => {
    const folder = join(root, "sharded");
    const files = await writeCheckpoint(folder, tensors, { maxShardBytes: 32 });
    expect(files.at(-1)).toBe("model.safetensors.index.json");
    expect(files.length).toBeGreaterThan(3);
    for (const path of [folder, join(folder, "model.safetensors.index.json")]) {
      const checkpoint = await openCheckpoint(path);
      expect(await all(checkpoint)).toEqual(tensors);
      expect(await checkpoint.read("brain")).toEqual(tensors[2]);
      await checkpoint.close();
    }
    expect(await writeCheckpoint(join(root, "whole"), tensors)).toEqual(["model.safetensors"]);
  });

  it("replaces a checkpoint in one file by one in shards, and the reverse", async () => {
    const folder = join(root, "replaced");
    const read = async () => {
      const checkpoint = await openCheckpoint(folder);
      const names = checkpoint.tensors.map(({ name }) => name);
      await checkpoint.close();
      return names;
    };
    await writeCheckpoint(folder, tensors.slice(0, 1));
    await writeCheckpoint(folder, tensors.slice(1, 3), { maxShardBytes: 8 });
    expect(await read()).toEqual(["half", "brain"]);
    await writeCheckpoint(folder, tensors.slice(0, 1));
    expect(await read()).toEqual(["a.weight"]);
  });

  it("names what an index and its shards disagree about", async () => {
    const folder = join(root, "disagree");
    await writeCheckpoint(folder, tensors.slice(0, 2), { maxShardBytes: 8 });
    const index = {
      weight_map: { "a.weight": "model-00001-of-00002.safetensors", gone: "model-00002-of-00002.safetensors" },
    };
    await writeFile(join(folder, "model.safetensors.index.json"), JSON.stringify(index));
    await expect(openCheckpoint(folder)).rejects.toThrow(/gone is not in .*; half of .* is not in the index/);
    await writeFile(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: { a: "../x" } }));
    await expect(openCheckpoint(folder)).rejects.toThrow(/name of a file inside of its folder/);
  });

  it.each([
    ["half", "F16", 2 ** -14],
    ["brain", "BF16", 2 ** -126],
  ] as const)("rounds %s to nearest, ties to even", async (_, dtype, smallest) => {
    const bits = dtype === "F16" ? 11 : 8;
    await fc.assert(
      fc.asyncProperty(fc.float({ noNaN: true, min: Math.fround(-60000), max: 60000 }), async (value) => {
        const bytes = await toBytes([{ name: "x", dtype, shape: [1], data: Float32Array.of(value) }]);
        const [entry] = await all(await openSafetensors(bytesSource(bytes)));
        const read = Number(entry!.data[0]);
        const ulp = 2 ** (Math.floor(Math.log2(Math.max(Math.abs(value), smallest))) - bits + 1);
        const units = value / ulp;
        const even = Math.round(units / 2) * 2; // the even neighbour wins a tie
        const nearest = Math.abs(units - even) === 0.5 ? even : Math.round(units);
        expect(read).toBe(nearest * ulp === 0 ? read * 0 : nearest * ulp);
        expect(Math.abs(read - value)).toBeLessThanOrEqual(ulp / 2);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    // Just beside the middle of two neighbours: float32 would move each of them onto the middle first.
    ["F16", 1 + 2 ** -11 + 2 ** -40, 1 + 2 ** -10],
    ["F16", 1 + 3 * 2 ** -11 - 2 ** -40, 1 + 2 ** -10],
    ["F16", 2.5 * 2 ** -24 + 2 ** -60, 3 * 2 ** -24],
    ["F16", 65520 - 2 ** -20, 65504],
    ["BF16", -(1 + 2 ** -8 + 2 ** -40), -(1 + 2 ** -7)],
    ["BF16", 2 ** -133 * (0.5 + 2 ** -30), 2 ** -133],
    ["BF16", 1e300, Number.POSITIVE_INFINITY],
  ] as const)("rounds a float64 to %s once: %d -> %d", async (dtype, value, nearest) => {
    const bytes = await toBytes([{ name: "x", dtype, shape: [1], data: Float64Array.of(value) }]);
    const [entry] = await all(await openSafetensors(bytesSource(bytes)));
    expect(entry!.data[0]).toBe(nearest);
  });

  it("keeps infinities and NaN in half precision", async () => {
    for (const dtype of ["F16", "BF16"] as const) {
      const data = Float32Array.of(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 3.4e38);
      const bytes = await toBytes([{ name: "x", dtype, shape: [4], data }]);
      const [entry] = await all(await openSafetensors(bytesSource(bytes)));
      expect([...(entry!.data as Float32Array)].slice(0, 3)).toEqual([...data].slice(0, 3));
      if (dtype === "F16") expect(entry!.data[3]).toBe(Number.POSITIVE_INFINITY);
    }
  });
});

describe("a hostile file is refused", () => {
  const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
    dtype: "F32",
    shape,
    data_offsets: [begin, end],
  });
  const huge = new Uint8Array(16);
  new DataView(huge.buffer).setBigUint64(0, 2n ** 60n, true);
  it.each<[string, Uint8Array, RegExp]>([
    ["empty", new Uint8Array(), /0 bytes: it is truncated; copy or download/],
    ["shorter than its length field", new Uint8Array(5), /5 bytes: it is truncated/],
    ["a huge header length", huge, /header of 2 to 8 bytes, got a length of 1152921504606846976/],
    ["bad JSON", fileOf('{"a":', 0), /JSON header at offset 8/],
    ["JSON that is no object", fileOf("[1]", 0), /JSON object/],
    ["bytes that are not UTF-8", fileOf('{"\ud800":1}', 0), /a|object/],
    ["an unknown dtype", fileOf({ a: { dtype: "F8", shape: [1], data_offsets: [0, 1] } }, 1), /dtype of a .* "F8"/],
    ["a negative size", fileOf({ a: f32(0, 4, [-1]) }, 4), /shape of a/],
    ["a shape that overflows", fileOf({ a: f32(0, 4, [2 ** 40, 2 ** 40, 2 ** 40]) }, 4), /bytes for a F32/],
    ["a shape that is not that of its bytes", fileOf({ a: f32(0, 8, [3]) }, 8), /12 bytes for a F32 \[3\]/],
    ["ranges that overlap", fileOf({ a: f32(0, 8), b: f32(4, 12) }, 12), /b to begin at byte .* overlap/],
    ["a gap", fileOf({ a: f32(0, 4), b: f32(8, 12) }, 12), /b to begin at byte/],
    ["bytes behind the last tensor", fileOf({ a: f32(0, 4) }, 8), /to end at byte/],
    ["a range outside of the file", fileOf({ a: f32(0, 400) }, 8), /a to end at byte .*truncated/],
    ["a reversed range", fileOf({ a: f32(4, 0, [0]) }, 4), /data_offsets of a/],
    ["metadata that is not text", fileOf({ __metadata__: { a: 1 } }, 0), /__metadata__.a/],
  ])("%s", async (_, bytes, message) => {
    await expect(openSafetensors(bytesSource(bytes))).rejects.toThrow(message);
    await expect(openSafetensors(bytesSource(bytes, "a.bin"))).rejects.toMatchObject({
      code: "damaged-file",
      place: "a.bin",
    });
  });

  it("a header beyond 100 MB, as in the reference implementation, before it is read", async () => {
    let bytesRead = 0;
    const source = (length: bigint) => ({
      name: "large",
      byteLength: 2 ** 40,
      read: async (begin: number, end: number) => {
        bytesRead += end - begin;
        const bytes = new Uint8Array(end - begin);
        if (begin === 0) new DataView(bytes.buffer).setBigUint64(0, length, true);
        return bytes;
      },
    });
    await expect(openSafetensors(source(100_000_001n))).rejects.toThrow(/expected a header of 2 to 100000000 bytes/);
    expect(bytesRead).toBe(8);
  });

  it("a header of more values than any model has tensors, before they are made into objects", async () => {
    const bytes = (values: number) => fileOf(`{"a":[${"[],".repeat(values / 2)}[]]}`, 0);
    await expect(openSafetensors(bytesSource(bytes(2 ** 23 + 2)))).rejects.toThrow(
      /expected a header of at most 8388608 values, got 838\d+/,
    );
    await expect(openSafetensors(bytesSource(bytes(1000)))).rejects.toThrow(/expected an object for tensor a/);
  });

  it("survives any damage to a good file: it reads as before or it is refused", async () => {
    const good = await toBytes(tensors);
    await fc.assert(
      fc.asyncProperty(fc.nat(good.byteLength - 1), fc.nat(255), fc.nat(8), async (position, value, cut) => {
        const bytes = Uint8Array.from(good).subarray(0, good.byteLength - cut);
        if (position < bytes.byteLength) bytes[position] = value;
        const read = await openSafetensors(bytesSource(bytes)).then(all, (error: Error) => error);
        if (cut > 0) expect(read).toBeInstanceOf(RangeError);
        else if (read instanceof Error) expect(read).toBeInstanceOf(RangeError);
      }),
      { numRuns: 300 },
    );
  });
});
