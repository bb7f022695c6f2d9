import { expect, it } from "vitest";
import { dropoutHash, dropoutKeys, dropoutMask, dropoutThreshold } from "./counter-hash.ts";

it("never changes: a resumed run must meet the same masks", () => {
  const keys = dropoutKeys(1, 2);
  expect(keys).toMatchInlineSnapshot(`
    [
      587229646,
      1202034001,
    ]
  `);
  expect([0, 1, 2, 0xffffffff].map((i) => dropoutHash(keys, i))).toMatchInlineSnapshot(`
    [
      4072678753,
      4292163174,
      1043336121,
      2788570624,
    ]
  `);
});

it("drops at its rate and keeps the mean", () => {
  for (const rate of [0.1, 0.5, 0.9]) {
    const mask = dropoutMask(100_000, rate, 3, 4);
    const kept = mask.filter((value) => value > 0).length / mask.length;
    expect(Math.abs(kept - (1 - rate))).toBeLessThan(0.005);
    expect(mask.find((value) => value > 0)).toBeCloseTo(1 / (1 - rate), 5);
  }
});

it("has unrelated masks for neighbouring streams, seeds and positions", () => {
  const base = dropoutMask(100_000, 0.5, 3, 4);
  const others = [dropoutMask(100_000, 0.5, 3, 5), dropoutMask(100_000, 0.5, 4, 4), base.slice(1)];
  for (const other of others) {
    const agreement = other.filter((value, i) => value === base[i]).length / other.length;
    expect(Math.abs(agreement - 0.5)).toBeLessThan(0.01);
  }
});

it("covers the whole range of rates", () => {
  expect(dropoutThreshold(0)).toBe(0);
  expect(dropoutThreshold(0.5)).toBe(2 ** 31);
  expect(dropoutThreshold(1)).toBe(2 ** 32 - 1);
});
