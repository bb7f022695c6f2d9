import { expect, it } from "vitest";
import { roomCircles } from "../scripts/rooms.mjs";

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
