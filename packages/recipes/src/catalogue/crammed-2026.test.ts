import { join } from "node:path";
import { expect, it } from "vitest";
import { differences } from "../recipe/difference.ts";
import { applySettings } from "../recipe/settings.ts";
import { runRecipe } from "../run/run.ts";
import { readRun } from "../run-record.ts";
import { comparisonKey } from "../sweep/comparison.ts";
import { quiet, tinyRun } from "../testing/tiny.testing.ts";
import { crammed2026 } from "./crammed-2026.ts";
import { crammedBert } from "./crammed-bert.ts";

it("changes of crammed-bert what it says, and is measured on the same tokens", () => {
  const changed = differences(crammedBert(), crammed2026()).map(({ path }) => path);
  expect(changed.filter((path) => !path.startsWith("training.optimizer."))).toEqual([
    "name",
    "description",
    "rows.order",
    "model.position",
    "model.rotary",
    "training.schedule.name",
    "training.schedule.warmup",
    "training.schedule.cooldown",
  ]);
  expect(comparisonKey(crammed2026())).toBe(comparisonKey(crammedBert()));
});

it("is rehearsed on the CPU at toy size", { timeout: 120_000 }, async () => {
  const { recipe: tiny, root } = tinyRun();
  const { corpus, tokenizer, rows, backend, evaluation } = tiny;
  const whole = { ...crammed2026(), name: "toy", backend, corpus, tokenizer, rows, evaluation };
  const recipe = applySettings(whole, [
    ...["model.layers=2", "model.hidden=32", "model.heads=2", "model.intermediate=64", "model.maxLength=32"],
    ...["training.budget=40 steps", "training.batchSize=32", "training.microbatchSize=8", "evaluation.every=0.5"],
    // The recipe's rate is for 768 features and a day.
    ...["training.optimizer.learningRate=0.01", "training.optimizer.adamw.learningRate=0.01"],
  ]);
  const folder = join(root, "run");
  await runRecipe(recipe, { folder, dataFolder: join(root, "prepared") }, quiet);
  const { masked, summary } = await readRun(folder);
  expect(summary).toMatchObject({ steps: 40 });
  expect(masked!.trained.loss).toBeLessThan(masked!.untrained.loss - 0.2);
});
