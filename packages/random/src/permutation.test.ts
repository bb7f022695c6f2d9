import { describe, expect, it } from "vitest";
import { permutation, shuffledIndices } from "./permutation.ts";
import { chiSquareZ, correlationZ, limit } from "./statistics.testing.ts";
import { type StreamKey, streamKey, subKey } from "./stream-key.ts";

const key = streamKey(1, "order");
const sizes = [0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 100, 1000, 4096, 4097, 10_007];

/** Gives the image of an index under the permutation of a key and a size. */
const kinds: Record<string, (key: StreamKey, size: number) => (index: number) => number> = {
  permutation,
  shuffledIndices(key, size) {
    const order = shuffledIndices(key, size);
    return (index) => order[index]!;
  },
};

describe.each(Object.entries(kinds))("%s", (_, imageOf) => {
  const orderOf = (key: StreamKey, size: number) => {
    const at = imageOf(key, size);
    return Uint32Array.from({ length: size }, (_, index) => at(index));
  };

  it.each(sizes)("has each of %d indices once", (size) => {
    expect([...orderOf(key, size)].sort((a, b) => a - b)).toEqual([...Array(size).keys()]);
  });

  it("is the same for the same key and another one for another", () => {
    expect(orderOf(key, 1000)).toEqual(orderOf(key, 1000));
    expect(orderOf(subKey(key, 1), 1000)).not.toEqual(orderOf(key, 1000));
  });

  it("sends every index to every place equally often, over keys", () => {
    for (const size of [2, 3, 4, 5, 6, 7, 8, 9, 15, 17]) {
      const counts = new Float64Array(size * size);
      for (let seed = 0; seed < 5000; seed++) {
        const order = orderOf(streamKey(seed, "p"), size);
        for (let i = 0; i < size; i++) counts[i * size + order[i]!]!++;
      }
      for (let i = 0; i < size; i++)
        expect(Math.abs(chiSquareZ(counts.subarray(i * size, (i + 1) * size)))).toBeLessThan(limit);
    }
  });

  it("sends every pair of indices to every pair of places equally often, over keys", () => {
    for (const size of [3, 5, 8, 12]) {
      const counts = new Float64Array(size * size);
      for (let seed = 0; seed < 20_000; seed++) {
        const at = imageOf(streamKey(seed, "q"), size);
        counts[at(0) * size + at(1)]!++;
      }
      const reached = counts.filter((_, cell) => Math.floor(cell / size) !== cell % size);
      expect(reached).toHaveLength(size * (size - 1));
      expect(Math.abs(chiSquareZ(reached))).toBeLessThan(limit);
    }
  });

  it("sends pairs of indices to all parts of a longer order equally often, over keys", () => {
    for (const size of [256, 257, 512, 1000]) {
      const cells = new Float64Array(64);
      for (let seed = 0; seed < 2000; seed++) {
        const at = imageOf(streamKey(seed, "r"), size);
        cells[Math.floor((at(0) / size) * 8) * 8 + Math.floor((at(1) / size) * 8)]!++;
      }
      // Two indices never share a place, which lowers the shares of eight cells by 3 % at most: unseen at 31 hits a cell.
      expect(Math.abs(chiSquareZ(cells))).toBeLessThan(limit);
    }
  });

  it("is unrelated to the order before, and to that of the next key", () => {
    const size = 10_007;
    const places = [key, subKey(key, 0), subKey(key, 1)].map((each) =>
      Float64Array.from(orderOf(each, size), (place) => (place + 0.5) / size),
    );
    const identity = Float64Array.from({ length: size }, (_, i) => (i + 0.5) / size);
    for (const [a, b] of [
      [identity, places[0]!],
      [places[0]!, places[1]!],
      [places[1]!, places[2]!],
    ] as const)
      expect(Math.abs(correlationZ(a, b, size))).toBeLessThan(limit);
    for (const each of places) expect(Math.abs(correlationZ(each, each.subarray(1), size - 1))).toBeLessThan(limit);
  });
});

describe("permutation", () => {
  it("stays inside of large sizes and meets no place twice", () => {
    for (const size of [2 ** 32 + 1, 2 ** 40 - 1, 2 ** 53]) {
      const at = permutation(key, size);
      const places = Array.from({ length: 1000 }, (_, i) => at(i));
      expect(places.every((place) => Number.isInteger(place) && place >= 0 && place < size)).toBe(true);
      expect(new Set(places).size).toBe(1000);
      const tenths = new Float64Array(10);
      for (const place of places) tenths[Math.floor((place / size) * 10)]!++;
      expect(Math.abs(chiSquareZ(tenths))).toBeLessThan(limit);
    }
  });

  it("refuses an index outside and a size that is none", () => {
    const at = permutation(key, 10);
    for (const index of [-1, 10, 0.5, NaN])
      expect(() => at(index)).toThrow(`permutation: expected an index of 0 to 9, got ${index}`);
    for (const size of [-1, 0.5, NaN, 2 ** 54])
      expect(() => permutation(key, size)).toThrow(
        `permutation: expected a size that is an integer of 0 to 2^53, got ${size}`,
      );
  });
});
