import { expect, it } from "vitest";
import { ticksOf } from "./scale.ts";

it.each([
  [0, 100, 5, [0, 20, 40, 60, 80, 100]],
  [5.2, 7.9, 5, [6, 7]],
  [0, 3, 4, [0, 1, 2, 3]],
  [0.31, 0.62, 4, [0.4, 0.5, 0.6]],
  [2, 2, 5, [2]],
])("ticks of %s to %s, at most about %s", (from, to, most, ticks) => {
  expect(ticksOf(from, to, most)).toEqual(ticks);
});
