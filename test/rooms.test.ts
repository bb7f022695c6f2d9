import { expect, it } from "vitest";
import { roomCircles, upwardArrows } from "../scripts/rooms.mjs";

const circles = (files: Record<string, string>) => roomCircles(Object.entries(files));

it("finds rooms that use each other by way of different files", () => {
  const files = {
    "train/loop.ts": 'import { open } from "../run/folder.ts";',
    "run/folder.ts": "export const open = 1;",
    "run/stage.ts": 'import type { Loop } from "../train/state.ts";',
    "train/state.ts": "export type Loop = 1;",
  };
  expect(circles(files)).toMatchObject([{ folder: "", rooms: ["train", "run", "train"] }]);
});

it("finds circles inside a room, and lets tests look anywhere", () => {
  expect(circles({ "a/x/one.ts": 'export * from "../y.ts";', "a/y.ts": 'import("./x/one.ts")' })).toHaveLength(1);
  expect(circles({ "a/one.ts": 'from "../b/two.ts"', "b/two.ts": "", "b/two.test.ts": 'from "../a/one.ts"' })).toEqual(
    [],
  );
});

it("finds a planted arrow of each kind that leads upward, and lets tests look anywhere", () => {
  const arrows = upwardArrows([
    ["index.ts", 'export { a } from "./a.ts";'],
    ["a.ts", 'import { b } from "./index.ts";'],
    ["pure/b.ts", 'import { write } from "../node/write.ts";'],
    ["pure/c.ts", 'import { rows } from "../testing/rows.testing.ts";'],
    ["node/write.ts", 'import { b } from "../pure/b.ts";\nimport { read } from "./read.ts";'],
    ["node/read.ts", ""],
    ["pure/b.test.ts", 'import { read } from "../node/read.ts";\nimport { a } from "../index.ts";'],
    ["testing/rows.testing.ts", 'import { a } from "../index.ts";'],
  ]);
  expect(arrows.map(([arrow]: [string, string]) => arrow)).toEqual([
    "a.ts -> index.ts",
    "pure/b.ts -> node/write.ts",
    "pure/c.ts -> testing/rows.testing.ts",
  ]);
});
