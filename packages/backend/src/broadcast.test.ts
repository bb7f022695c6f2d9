import { describe, expect, it } from "vitest";
import { broadcastAxes } from "./broadcast.ts";

describe("broadcastAxes", () => {
  it.each([
    ["equal shapes", [2, 3], [2, 3], [[6, 1, 1]]],
    ["one number", [2, 3], [], [[6, 1, 0]]],
    ["one number of rank 2", [1, 1], [2, 3], [[6, 0, 1]]],
    ["two numbers", [1], [1, 1], []],
    ["a vector along the last axes", [2, 3, 4], [3, 4], [[2, 12, 0], [12, 1, 1]]], // biome-ignore format: a row each
    ["a factor for each row", [2, 3, 4], [2, 3, 1], [[6, 4, 1], [4, 1, 0]]], // biome-ignore format: a row each
    ["a middle axis, with axes of length 1 beside it", [2, 3, 1, 4], [2, 1, 1, 4], [[2, 12, 4], [3, 4, 0], [4, 1, 1]]], // biome-ignore format: a row each
    ["rows by columns", [2, 1], [1, 3], [[2, 1, 0], [3, 0, 1]]], // biome-ignore format: a row each
  ])("%s", (_, a, b, expected) => {
    expect(broadcastAxes(a, b).map(({ length, a, b }) => [length, a, b])).toEqual(expected);
  });
});
