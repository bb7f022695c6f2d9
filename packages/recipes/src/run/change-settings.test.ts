import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { recipes } from "../catalogue/recipes.ts";
import { readRun } from "../run-record.ts";
import { quiet, tinyRun } from "../testing/tiny.testing.ts";
import { changeSettings } from "./change-settings.ts";
import { pretrainRecipe, runRecipe } from "./run.ts";

it.each([
  ["training.batchSize=16", "training.batchSize (the steps so far were taken by it)"],
  ["model.layers=3", "model.layers (its weights were made by it)"],
  ["seed=9", "seed (every random choice so far follows from it)"],
  ["corpus.minCharacters=7", "corpus.minCharacters (the rows it was trained on were made by it)"],
  ["backend.precision=mixed", "backend.precision (the state of its optimizer is of that precision)"],
  ["evaluation.heldOut=0.3", "evaluation.heldOut (it decided which documents were trained on)"],
  ["training.budget=19 steps", 'expected at least the "20 steps" that the run has, got "19 steps"'],
])("refuses %s in a run that has begun, with the reason", (setting, message) => {
  expect(() => changeSettings(recipes.smoke(), ["description=new", setting])).toThrow(message);
});

it("takes what touches nothing that was computed", () => {
  const settings = ["backend.threads=2", "training.microbatchSize=4", "checkpoints.minutes=5", "evaluation.every=0.3"];
  const more = ["guard.patience=9", "metrics.peakFlops=1e9", "description=new", "training.budget=1 hour"];
  expect(changeSettings(recipes.smoke(), [...settings, ...more])).toMatchObject({
    backend: { threads: 2 },
    training: { microbatchSize: 4, budget: "1 hour" },
    description: "new",
  });
});

it("evaluates a run anew that was given more budget, its probes too", { timeout: 240_000 }, async () => {
  const { recipe, root } = tinyRun({ budget: "4 steps" });
  const { evaluation } = recipe;
  const probed = { ...recipe, evaluation: { ...evaluation, probes: { ...evaluation.probes, trials: 1 } } };
  const options = { folder: join(root, "run"), dataFolder: join(root, "prepared") };
  await runRecipe(probed, options, quiet);
  const { mtimeMs } = statSync(join(options.folder, "probes.json"));
  await runRecipe(probed, { ...options, set: ["training.budget=6 steps"] }, quiet);
  expect(statSync(join(options.folder, "probes.json")).mtimeMs).toBeGreaterThan(mtimeMs);
});

it("gives a finished run more budget, keeps what changed, and refuses a recipe that was edited", {
  timeout: 240_000,
}, async () => {
  const { recipe, root } = tinyRun({ budget: "4 steps" });
  const options = { folder: join(root, "run"), dataFolder: join(root, "prepared") };
  await pretrainRecipe(recipe, options, quiet);
  const first = await readRun(options.folder);
  expect(first.summary).toMatchObject({ steps: 4, budget: "4 steps" });
  expect(first.changes).toEqual([]);

  await pretrainRecipe(first.recipe, { ...options, set: ["training.budget=9 steps", "description=longer"] }, quiet);
  const longer = await readRun(options.folder);
  expect(longer.summary).toMatchObject({ steps: 9, budget: "9 steps" });
  expect(longer.recipe).toMatchObject({ description: "longer", training: { budget: "9 steps" } });
  expect(longer.changes).toMatchObject([
    {
      step: 4,
      changes: [
        { path: "description", right: "longer" },
        { path: "training.budget", left: "4 steps", right: "9 steps" },
      ],
    },
  ]);

  const file = join(options.folder, "recipe.json");
  const kept = readFileSync(file, "utf8");
  writeFileSync(file, JSON.stringify({ ...longer.recipe, seed: 99 }));
  await expect(readRun(options.folder)).rejects.toThrow(
    /recipe\.json: seed is 99 here, but the run was trained with 1; put it back/,
  );
  // Killed between the two files of a change.
  writeFileSync(file, JSON.stringify(first.recipe));
  expect((await readRun(options.folder)).recipe).toEqual(longer.recipe);
  writeFileSync(file, kept);
});
