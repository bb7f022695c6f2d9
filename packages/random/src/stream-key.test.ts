import { describe, expect, it } from "vitest";
import { randomStream } from "./random-stream.ts";
import { binomialZ, limit, ones } from "./statistics.testing.ts";
import { type StreamKey, streamKey, subKey, subSeed } from "./stream-key.ts";

/** How far the first 2^10 words of two streams are from differing in every second bit. */
const distanceZ = (a: StreamKey, b: StreamKey): number => {
  const [first, second] = [randomStream(a), randomStream(b)];
  let distance = 0;
  for (let i = 0; i < 1024; i++) distance += ones(first.bits(i) ^ second.bits(i));
  return binomialZ(distance, 32 * 1024);
};

describe("streamKey", () => {
  it("never changes", () => {
    expect(streamKey(0, "")).toEqual([416817429, 3246514950]);
    expect(streamKey(7, "mask")).toEqual([3618997321, 401400198]);
    expect(streamKey(2 ** 53 - 1, "ärger", 2 ** 53 - 1)).toEqual([3338246819, 1809151887]);
  });

  it("takes a path in one go or in steps", () => {
    expect(subKey(subKey(streamKey(3), "layer"), 4, "weight")).toEqual(streamKey(3, "layer", 4, "weight"));
  });

  const seeds = [0, 1, 2, 3, 255, 256, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 52, 2 ** 53 - 1];
  const names = [
    "",
    "a",
    "b",
    "A",
    "aa",
    "a\0",
    "\0a",
    "aaa",
    "aaaa",
    "layers.1",
    "layers.10",
    "layers.11",
    "1.layers",
    "ä",
    "\u{10000}",
  ];
  const paths = [
    ...names.map((name) => [name]),
    ["a", "a"],
    [0],
    [1],
    [2 ** 32],
    [0, 0],
    ["a", 0],
    [0, "a"],
    ["a", 2 ** 53 - 1],
    ["1"],
    [],
  ];

  it("gives unrelated streams to near names, near seeds and near paths", () => {
    const near = [...seeds.map((seed) => streamKey(seed, "a")), ...paths.map((path) => streamKey(1, ...path))];
    const keys = [...new Map(near.map((key) => [key.join(), key])).values()];
    expect(keys).toHaveLength(seeds.length + paths.length - 1); // ("a" at seed 1 is in both)
    for (let i = 0; i < keys.length; i++)
      for (let j = 0; j < i; j++) expect(Math.abs(distanceZ(keys[i]!, keys[j]!))).toBeLessThan(limit);
  });

  it("gives no key twice to many seeds, names and indices", () => {
    const keys = new Set<string>();
    for (let i = 0; i < 20_000; i++)
      for (const key of [
        streamKey(i, "a"),
        streamKey(0, `a${i}`),
        streamKey(0, "a", i),
        streamKey(0, "a", i + 2 ** 32),
      ])
        keys.add(key.join());
    expect(keys.size).toBe(4 * 20_000);
  });

  it("has no key that is also a number of the stream above", () => {
    const above = streamKey(5, "a");
    const stream = randomStream(above);
    for (let i = 0; i < 1000; i++) expect(subKey(above, i)).not.toEqual([stream.bits(2 * i), stream.bits(2 * i + 1)]);
  });

  it("makes seeds of its own that are seeds", () => {
    const seeds = Array.from({ length: 1000 }, (_, i) => subSeed(i, "part"));
    expect(new Set(seeds).size).toBe(1000);
    expect(seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0)).toBe(true);
    expect(Math.max(...seeds)).toBeGreaterThan(2 ** 52);
    expect(subSeed(1, "part")).not.toBe(subSeed(1, "other"));
    expect(subSeed(7, "mask")).toBe((401400198 % 2 ** 21) * 2 ** 32 + 3618997321);
  });

  it("refuses what is no seed and no part of a path, with one message each", () => {
    for (const seed of [-1, 0.5, NaN, 2 ** 53, Infinity, -0.5]) {
      expect(() => streamKey(seed, "a")).toThrow(
        new RangeError(
          `streamKey: expected a seed that is an integer of 0 to 2^53 - 1, got ${seed}; pass such a number`,
        ),
      );
      expect(() => subKey([1, 2], "a", seed)).toThrow(
        "expected each part of the path to be a text or an integer of 0 to",
      );
    }
  });
});
