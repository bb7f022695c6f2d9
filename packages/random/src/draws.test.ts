import { expect, it } from "vitest";
import { createDraws } from "./draws.ts";
import { randomStream } from "./random-stream.ts";
import { binomialZ, chiSquareZ, limit, ones } from "./statistics.testing.ts";
import { streamKey, subKey } from "./stream-key.ts";

const key = streamKey(3, "draws");
const take = (count: number, draw: () => number) => Array.from({ length: count }, draw);

it("gives the same numbers at the same position, whatever was drawn before", () => {
  const a = createDraws(key);
  const b = createDraws(key);
  a.seek(7);
  a.bits();
  for (const position of [0, 12_345, 2 ** 32, 2 ** 40 + 5, 2 ** 53 - 1]) {
    a.seek(position);
    b.seek(position);
    expect(take(5, a.bits)).toEqual(take(5, b.bits));
  }
});

it("draws the stream of the position's key, from position 0 until told otherwise", () => {
  const draws = createDraws(key);
  const words = (position: number) => [0, 1, 2, 3, 4].map(randomStream(subKey(key, position)).bits);
  expect(take(5, draws.bits)).toEqual(words(0));
  draws.seek(2 ** 35 + 1);
  expect(take(5, draws.bits)).toEqual(words(2 ** 35 + 1));
  draws.seek(4);
  expect(draws.float64()).toBe(randomStream(subKey(key, 4)).float64(0));
});

it("is uniform within a sequence and across positions, and neighbouring positions are unrelated", () => {
  const draws = createDraws(key);
  const within = new Float64Array(100);
  for (let i = 0; i < 100_000; i++) within[draws.below(100)]!++;
  const across = new Float64Array(100);
  let before = 0;
  let distance = 0;
  for (let i = 0; i < 100_000; i++) {
    draws.seek(i);
    across[draws.below(100)]!++;
    const word = draws.bits();
    distance += ones(word ^ before);
    before = word;
  }
  expect(Math.abs(chiSquareZ(within))).toBeLessThan(limit);
  expect(Math.abs(chiSquareZ(across))).toBeLessThan(limit);
  expect(Math.abs(binomialZ(distance, 32 * 100_000))).toBeLessThan(limit);
});

it("has no bias in a large limit", () => {
  const draws = createDraws(key);
  const counts = new Float64Array(3);
  for (let i = 0; i < 100_000; i++) counts[draws.below(3 * 2 ** 30) % 3]!++;
  expect(Math.abs(chiSquareZ(counts))).toBeLessThan(limit);
});

it("refuses what is no position", () => {
  for (const position of [-1, 0.5, NaN, 2 ** 53])
    expect(() => createDraws(key).seek(position)).toThrow(
      `seek: expected a position that is an integer of 0 to 2^53 - 1, got ${position}`,
    );
});
