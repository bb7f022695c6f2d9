import { expect, it } from "vitest";
import { runColour } from "./colour.ts";

it("has a colour of its own for each of a hundred runs, in both themes", () => {
  for (const isDark of [false, true]) {
    const colours = Array.from({ length: 100 }, (_, index) => runColour(index, (name) => name, isDark));
    expect(new Set(colours).size).toBe(100);
    expect(colours.slice(0, 6)).toEqual(["--run-0", "--run-1", "--run-2", "--run-3", "--run-4", "--run-5"]);
    for (const colour of colours.slice(6)) expect(colour).toMatch(/^#[0-9a-f]{6}$/);
  }
});
