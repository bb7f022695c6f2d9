import { bytesSource, openSafetensors } from "../../packages/checkpoint/src/index.ts";
import { isFault } from "../../packages/errors/src/index.ts";
import { damagedBytes, damagedJson, drawsOf, jsonOf } from "./damage.ts";
import type { FuzzTarget } from "./target.ts";

const header = {
  __metadata__: { format: "pt" },
  a: { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] },
  "b.weight": { dtype: "F16", shape: [4], data_offsets: [24, 32] },
  empty: { dtype: "I64", shape: [0, 5], data_offsets: [32, 32] },
  scalar: { dtype: "I64", shape: [], data_offsets: [32, 40] },
  flags: { dtype: "BOOL", shape: [3], data_offsets: [40, 43] },
};
const data = new Uint8Array(43).map((_, index) => index);

const file = (json: string): Buffer => {
  const text = Buffer.from(json);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
};

/** Damaged headers with the right length, and files that are damaged anywhere. */
export const safetensors: FuzzTarget = {
  name: "safetensors",
  async once(seed) {
    const draw = drawsOf(seed);
    const bytes =
      draw(3) === 0 ? damagedBytes(file(JSON.stringify(header)), draw) : file(jsonOf(damagedJson(header, draw)));
    const checkpoint = await openSafetensors(bytesSource(bytes, "a.safetensors"));
    for await (const { name, shape, data } of checkpoint) {
      const count = shape.reduce((product, size) => product * size, 1);
      if (count !== data.length) throw new Error(`${name} has ${data.length} elements`);
      if ((await checkpoint.read(name)).data.length !== count) throw new Error(`${name} read again differs`);
    }
    return true;
  },
  isClear: (error) => isFault(error) && error.place === "a.safetensors",
};
