import { describe, expect, it } from "vitest";
import { fillBits, fillNormal, fillUniform } from "./fill.ts";
import { randomStream } from "./random-stream.ts";
import { streamKey } from "./stream-key.ts";

const key = streamKey(1, "fill");
const stream = randomStream(key);
const lengths = [0, 1, 2, 3, 8, 101];
const firsts = [0, 1, 2, 7, 2 ** 32 - 3, 2 ** 33 - 1, 2 ** 40];
const cases = lengths.flatMap((length) => firsts.map((first) => ({ length, first })));

describe.each(cases)("$length numbers from $first on", ({ length, first }) => {
  it("are those of the stream, and nothing beside them is written", () => {
    const bits = new Uint32Array(length + 2);
    fillBits(key, bits.subarray(1, length + 1), { first });
    expect([...bits]).toEqual([0, ...Array.from({ length }, (_, i) => stream.bits(first + i)), 0]);

    for (const TypedArray of [Float32Array, Float64Array]) {
      const at = TypedArray === Float32Array ? stream.float32 : stream.float64;
      const uniforms = new TypedArray(length + 2);
      fillUniform(key, uniforms.subarray(1, length + 1), { first });
      expect([...uniforms]).toEqual([0, ...Array.from({ length }, (_, i) => at(first + i)), 0]);

      const normals = new TypedArray(length + 2);
      fillNormal(key, normals.subarray(1, length + 1), { first, std: 0.02 });
      const expected = new TypedArray(length).map((_: number, i: number) => 0.02 * stream.normal(first + i));
      expect([...normals]).toEqual([0, ...expected, 0]);
    }
  });
});

it("begins at 0 with a deviation of 1", () => {
  const normals = new Float64Array(3);
  fillNormal(key, normals);
  expect([...normals]).toEqual([0, 1, 2].map(stream.normal));
});

it("refuses a range that does not lie within the positions", () => {
  for (const first of [-1, 0.5, NaN, 2 ** 53 - 3]) {
    expect(() => fillBits(key, new Uint32Array(4), { first })).toThrow(`fillBits: expected a first position`);
    expect(() => fillUniform(key, new Float32Array(4), { first })).toThrow(`fillUniform: expected a first position`);
    expect(() => fillNormal(key, new Float32Array(4), { first })).toThrow(`got ${first}`);
  }
  expect(() => fillUniform(key, new Float64Array(4), { first: 2 ** 52 - 3 })).toThrow("less the 4 numbers");
});
