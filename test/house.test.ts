import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import * as house from "../layers.mjs";
import { floorsOf, houseSvg } from "../scripts/house.mjs";

it("house.svg shows layers.mjs (pnpm house draws it)", () => {
  expect(readFileSync("house.svg", "utf8")).toBe(houseSvg(house));
});

it("puts a package above what it may import, and draws each edge but those to the ground and of composers", () => {
  const layers = { ground: [], other: ["ground"], first: ["ground", "other"], top: ["ground", "other", "first"] };
  expect(floorsOf(layers)).toEqual({ ground: 0, other: 1, first: 2, top: 3 });
  const picture = houseSvg({ layers, testEdges: { other: ["first"] }, ground: ["ground"], composers: ["top"] });
  expect(picture.match(/class="edge"/g)).toHaveLength(1);
  expect(picture.match(/class="test"/g)).toHaveLength(1);
});
