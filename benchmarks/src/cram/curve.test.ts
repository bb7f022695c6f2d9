import { expect, it } from "vitest";
import { curve } from "./curve.ts";

it("falls from the upper left to the lower right, and names its ends", () => {
  const points = Array.from({ length: 200 }, (_, i) => [i * 1e5, 10 - i / 40]);
  const lines = curve("loss", points).split("\n");
  expect(lines[0]).toContain("5.025 in the end");
  const marks = lines.filter((line) => line.includes("|")).map((line) => line.split("|")[1]!);
  expect(marks).toHaveLength(12);
  expect(marks[0]!.startsWith("*")).toBe(true);
  expect(marks.at(-1)!.trimEnd()).toHaveLength(64);
  expect(lines.at(-2)).toMatch(/0\.00 M tokens +19\.90 M tokens/);
});

it("draws a level line, and nothing of one point", () => {
  expect(
    curve("loss", [
      [0, 2],
      [5, 2],
    ]),
  ).toContain("2.000 |*");
  expect(curve("loss", [[0, 2]])).toBe("");
  expect(curve("loss", [])).toBe("");
});
