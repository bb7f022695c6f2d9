import { expect, it } from "vitest";
import { tinyRun } from "../testing/tiny.testing.ts";
import { everySetting, writeManyWords } from "./every-setting.testing.ts";
import { planSweep } from "./plan.ts";
import { parseSweep } from "./sweep.ts";

it("plans every valid setting of the study in one sweep, without one that cannot be run", {
  timeout: 60_000,
}, async () => {
  const { recipe, root } = tinyRun({ budget: "3 steps" });
  const sweep = parseSweep({ name: "all", recipe, variants: everySetting(recipe, writeManyWords(root)) }, "all");
  const { runs } = await planSweep(sweep, { folder: root, dataFolder: root });
  expect(runs.flatMap(({ variant, problem }) => (problem ? `${variant}: ${problem}` : []))).toEqual([]);
  expect(runs.length).toBeGreaterThanOrEqual(127);
});
