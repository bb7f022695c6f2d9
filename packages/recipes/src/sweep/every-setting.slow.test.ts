import { join } from "node:path";
import { expect, it } from "vitest";
import { quiet, tinyRun } from "../testing/tiny.testing.ts";
import { everySetting, writeManyWords } from "./every-setting.testing.ts";
import { planSweep } from "./plan.ts";
import { runSweep } from "./run-sweep.ts";
import { parseSweep } from "./sweep.ts";

it("runs every valid setting of the study, seconds each", { timeout: 3_600_000 }, async () => {
  const { recipe, root } = tinyRun({ budget: "3 steps" });
  const sweep = parseSweep({ name: "all", recipe, variants: everySetting(recipe, writeManyWords(root)) }, "all");
  const plan = await planSweep(sweep, { folder: join(root, "all"), dataFolder: join(root, "prepared") });
  const results = await runSweep(plan, {}, quiet);
  expect(
    results.filter(({ status }) => status === "failed").map(({ variant, error }) => `${variant}: ${error!.message}`),
  ).toEqual([]);
  expect(results).toHaveLength(plan.runs.length);
  for (const { variant, heldOutLoss } of results) expect(heldOutLoss, variant).toBeLessThan(20);
});
