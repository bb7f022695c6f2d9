import { expect, it } from "vitest";
import { smooth } from "./smooth.ts";

it("keeps a line that is straight, from its first point to its last, and its gaps", () => {
  const line = Array.from({ length: 500 }, (_, i) => (i % 7 === 3 ? null : 2 * i));
  const smoothed = smooth(line);
  expect(smoothed.map((value) => value === null)).toEqual(line.map((value) => value === null));
  const last = smoothed.findLast((value) => value !== null);
  expect([smoothed[0], last]).toEqual([0, line.findLast((value) => value !== null)]);
  for (const [i, value] of smoothed.entries()) if (value !== null) expect(Math.abs(value - 2 * i)).toBeLessThan(3);
});

it("takes means over a fiftieth of the points to either side", () => {
  const noisy = Array.from({ length: 1000 }, (_, i) => (i % 2 ? 1 : -1));
  expect(
    Math.max(
      ...smooth(noisy)
        .slice(20, -20)
        .map((value) => Math.abs(value!)),
    ),
  ).toBeCloseTo(1 / 41, 10);
  expect(smooth([])).toEqual([]);
  expect(smooth([null, 3])).toEqual([null, 3]);
});
