import { describe, expect, it } from "vitest";
import { createDraws, mix32 } from "./random.ts";

/** Chi-square over its degrees of freedom: near 1 for uniform counts, its standard deviation sqrt(2 / freedom). */
function chiSquare(counts: number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0) / (counts.length - 1);
}

describe("createDraws", () => {
  it("gives the same numbers for the same seed, stream and position, whatever was drawn before", () => {
    const a = createDraws(1, 2);
    const b = createDraws(1, 2);
    a.seek(7);
    a.uint32();
    for (const position of [0, 12345, 2 ** 32, 2 ** 40 + 5]) {
      a.seek(position);
      b.seek(position);
      const numbers = Array.from({ length: 5 }, () => a.uint32());
      expect(Array.from({ length: 5 }, () => b.uint32())).toEqual(numbers);
    }
  });

  it("never shares a beginning between seeds, streams and positions", () => {
    const beginnings = new Set<string>();
    for (let seed = 0; seed < 10; seed++)
      for (let stream = 1; stream < 5; stream++) {
        const draws = createDraws(seed, stream);
        for (const position of [...Array(100).keys(), 2 ** 32, 2 ** 32 + 1, 2 ** 33]) {
          draws.seek(position);
          beginnings.add(`${draws.uint32()},${draws.uint32()}`);
        }
      }
    expect(beginnings.size).toBe(10 * 4 * 103);
  });

  it("is uniform within a sequence and across positions", () => {
    const draws = createDraws(3, 1);
    const within = new Array(100).fill(0);
    draws.seek(0);
    for (let i = 0; i < 100_000; i++) within[draws.below(100)]++;
    const across = new Array(100).fill(0);
    for (let i = 0; i < 100_000; i++) {
      draws.seek(i);
      across[draws.below(100)]++;
    }
    for (const counts of [within, across]) {
      expect(chiSquare(counts)).toBeGreaterThan(0.5);
      expect(chiSquare(counts)).toBeLessThan(1.6);
    }
  });
});

describe("mix32", () => {
  it("flips each output bit about half of the time when an input bit flips", () => {
    for (let bit = 0; bit < 32; bit++) {
      let flips = 0;
      for (let x = 0; x < 500; x++) {
        let difference = mix32(x * 7919) ^ mix32((x * 7919) ^ (1 << bit));
        for (; difference !== 0; difference &= difference - 1) flips++;
      }
      expect(flips / 500 / 32).toBeGreaterThan(0.45);
      expect(flips / 500 / 32).toBeLessThan(0.55);
    }
  });
});
