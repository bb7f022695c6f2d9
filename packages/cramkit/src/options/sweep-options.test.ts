import { findRecipe, parseSweep, planSweep, studySweep } from "@cramkit/recipes";
import { expect, it } from "vitest";
import { seeded } from "./sweep-options.ts";

const folders = { folder: "runs/study", dataFolder: "runs/prepared" };

it("gives other seeds to a sweep that is printed, on the data of the first", async () => {
  const base = await findRecipe("quickstart");
  const sweep = studySweep("table-4", base);
  const printed = parseSweep(JSON.parse(JSON.stringify(seeded(sweep, base.seed, [4, 5]))), "printed");
  const own = await planSweep(sweep, folders);
  const other = await planSweep(printed, folders);
  expect(new Set(own.runs.map(({ seed }) => seed))).toEqual(new Set([base.seed]));
  expect(other.runs.map(({ seed }) => seed).slice(0, 3)).toEqual([4, 5, 4]);
  expect(new Set(other.runs.map(({ data }) => data))).toEqual(new Set(own.runs.map(({ data }) => data)));
  expect(seeded(sweep, base.seed)).toBe(sweep);
});
