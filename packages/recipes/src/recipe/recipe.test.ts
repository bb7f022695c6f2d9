import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { preset, presetNames } from "@cramkit/model";
import { studyLearningRate, studyOptimizerNames } from "@cramkit/optim";
import { expect, it } from "vitest";
import { findRecipe } from "../catalogue/find-recipe.ts";
import { recipes } from "../catalogue/recipes.ts";
import { checkRecipe } from "./check-recipe.ts";
import { differences } from "./difference.ts";
import { flopsPerToken } from "./flops.ts";
import { modelOf } from "./model-of.ts";
import { nearest } from "./nearest.ts";
import { parseRecipe } from "./recipe.ts";
import { recipeModel } from "./schema/model-schema.ts";
import { applySettings } from "./settings.ts";

it.each(Object.entries(recipes))("%s is a recipe under its own name, with a model that works", (name, make) => {
  const recipe = parseRecipe(make(), name);
  expect(recipe.name).toBe(name);
  expect(() => modelOf(recipe, recipe.tokenizer.vocabSize)).not.toThrow();
  expect(parseRecipe(JSON.parse(JSON.stringify(recipe)), name)).toEqual(recipe);
});

it("applies settings, JSON or text, at any depth", () => {
  const recipe = applySettings(recipes.quickstart(), [
    "training.batchSize=512",
    "training.budget=2 hours",
    "model.layers=4",
    'corpus.sources=[{"kind":"files","path":"books"}]',
  ]);
  expect(recipe.training).toMatchObject({ batchSize: 512, budget: "2 hours" });
  expect(recipe.model.layers).toBe(4);
  expect(recipe.corpus.sources).toEqual([{ kind: "files", path: "books" }]);
});

it.each(presetNames)("takes %s as a model by one setting", (name) => {
  const { model } = applySettings(recipes["crammed-bert"](), [`model=${name}`, "model.layers=24"]);
  expect({ ...model, layers: 0 }).toEqual({ ...recipeModel(preset(name)), layers: 0 });
  expect(model.layers).toBe(24);
  expect(() => checkRecipe(applySettings(recipes["crammed-bert"](), [`model=${name}`]))).not.toThrow();
});

it.each(studyOptimizerNames)("takes %s as an optimizer by one setting, with its own learning rate", (name) => {
  const { training } = applySettings(recipes.quickstart(), [`training.optimizer.name=${name}`]);
  expect(training.optimizer).toMatchObject({ name, learningRate: studyLearningRate(name), clipNorm: 0.5 });
  const back = applySettings({ ...recipes.quickstart(), training }, ["training.optimizer.name=adamw"]);
  expect(back.training.optimizer).toEqual(recipes["crammed-bert"]().training.optimizer);
});

it.each([
  ["training.optimizer.name=adamax", /training.optimizer/],
  ["backend.precision=half", /backend.precision/],
  ["training.batchsize=1", /unknown setting "batchsize"; available: batchSize/],
  ["trainin.batchSize=1", /unknown setting "trainin"; available: training/],
  ["training.batchSize=many", /training.batchSize/],
  ["training.batchSize=-1", /training.batchSize/],
  ["training.budget=soon", /24 hours/],
  ["training", /expected KEY=VALUE/],
  ["model.vocabSize=100", /model.vocabSize: a recipe takes it from tokenizer.vocabSize/],
  ["model.dropout=0.1", /model.dropout: a recipe takes it from training.dropout/],
  ["__proto__.x=1", /unknown setting "__proto__"/],
])("refuses the setting %s", (setting, message) => {
  expect(() => applySettings(recipes.quickstart(), [setting])).toThrow(message);
});

it("counts operations as the recipe masks, and sam twice", () => {
  const recipe = recipes.quickstart();
  const config = modelOf(recipe, recipe.tokenizer.vocabSize);
  const perToken = flopsPerToken(config, recipe);
  expect(flopsPerToken(config, applySettings(recipe, ["training.optimizer.name=sam"]))).toBe(2 * perToken);
  const fewer = flopsPerToken(config, applySettings(recipe, ["masking.probability=0.125"]));
  // An eighth of the positions less, each with 6 operations a weight of the decoder and of what follows the last attention.
  const { hidden, intermediate } = config;
  expect(perToken - fewer).toBeCloseTo(0.125 * 6 * hidden * (4096 + hidden + intermediate + intermediate / 2), 0);
});

it.each([
  ["training.batchSize=many", 'training.batchSize: expected number, got "many"'],
  ["training.batchSize=-1", "training.batchSize: expected number to be >0, got -1"],
  ["training.microbatchSize=some", 'training.microbatchSize: expected number or auto, got "some"'],
  [
    "rows.order=random",
    'rows.order: expected one of as-is, shuffled, separators, full-stops, unigram, reverse-unigram, word-length, got "random"',
  ],
  ["corpus.sources=[]", "corpus.sources: expected array to have >=1 items, got []"],
  [
    'corpus.sources=[{"kind":"file"}]',
    'corpus.sources.0.kind: expected one of installed-documentation, ids, novels, files, hub, got "file"',
  ],
  ['corpus.sources=[{"kind":"files","path":5}]', "corpus.sources.0.path: expected string or array, got 5"],
  ['guard={"patience":1}', "guard.spikeFactor: expected number, got nothing"],
  ["training.budget=soon", 'as in "24 hours", "90m", "2000 steps", "24 hours, 1e6 steps", got "soon"'],
  ["name=My Recipe", 'name: expected at most 100 small letters, digits, dots and dashes, got "My Recipe"'],
  ["model=large", "preset: expected one of crammed-bert, crammed-bert-v1, "],
  ["model=12", "model: expected object, got 12"],
])("says of %s what was expected and what it got", (setting, message) => {
  expect(() => applySettings(recipes.quickstart(), [setting])).toThrow(message);
});

it("names settings of a file that there are not", () => {
  const recipe = { ...recipes.smoke(), epochs: 3, rows: { ...recipes.smoke().rows, lenght: 128 } };
  expect(() => parseRecipe(recipe, "mine.json")).toThrow(
    /^mine\.json: rows: there is no setting lenght \(available: seqLength, order\); recipe: there is no setting epochs \(available: name, /,
  );
});

it("takes a file of before tokens could be dropped and rows reshuffled, and does neither", () => {
  const { tokenDrop: _, reshuffle: __, sequenceCurriculum: ___, ...training } = recipes.smoke().training;
  expect(parseRecipe({ ...recipes.smoke(), training }, "old.json")).toEqual(recipes.smoke());
});

it("takes another loss by one setting, and counts what SCRIPT costs", () => {
  const recipe = recipes.quickstart();
  const config = modelOf(recipe, recipe.tokenizer.vocabSize);
  const by = (...settings: string[]) => applySettings(recipe, settings);
  expect(by("training.loss.name=focal").training.loss).toEqual({ name: "focal", labelSmoothing: 0, zLoss: 0 });
  expect(by("training.loss.zLoss=1e-4").training.loss).toEqual({
    name: "cross-entropy",
    labelSmoothing: 0,
    zLoss: 1e-4,
  });
  expect(() => by("training.loss.zLoss=1e-4", "training.loss.name=focal")).toThrow(
    "labelSmoothing and zLoss go with cross-entropy: set both to 0",
  );
  const everywhere = flopsPerToken(config, { ...recipe, masking: { ...recipe.masking, probability: 1 } });
  const script = flopsPerToken(config, by("training.loss.name=script"));
  expect(script).toBe(flopsPerToken(config, recipe) + everywhere);
});

it("takes a file of before losses could be chosen and decoders untied", () => {
  const { loss: _, ...training } = recipes.smoke().training;
  const { tieWeights: __, ...model } = recipes.smoke().model;
  const old = parseRecipe({ ...recipes.smoke(), training, model }, "old.json");
  expect(old.training).toEqual(recipes.smoke().training);
  expect(modelOf(old, 64)).toEqual(modelOf(recipes.smoke(), 64));
});

it("counts the operations of shorter rows where tokens are dropped", () => {
  const recipe = recipes.quickstart();
  const config = modelOf(recipe, recipe.tokenizer.vocabSize);
  const dropping = applySettings(recipe, ["training.tokenDrop=0.5"]);
  const short = { ...recipe, rows: { ...recipe.rows, seqLength: 64 } };
  expect(flopsPerToken(config, dropping)).toBe(flopsPerToken(config, short));
  expect(flopsPerToken(config, dropping)).toBeLessThan(flopsPerToken(config, recipe));
});

it("refuses adahessian in mixed precision and says why", () => {
  const mixed = recipes["crammed-bert"]();
  expect(() => applySettings(mixed, ["training.optimizer.name=adahessian"])).toThrow(/half precision/);
  expect(() => applySettings(mixed, ["backend.precision=float32", "training.optimizer.name=adahessian"])).not.toThrow();
});

it("reads recipes from JSON and TypeScript, and lists near names otherwise", async () => {
  const folder = mkdtempSync(join(tmpdir(), "recipe-"));
  const json = join(folder, "mine.json");
  writeFileSync(json, JSON.stringify({ ...recipes.smoke(), name: "mine" }));
  expect((await findRecipe(json)).name).toBe("mine");
  const ts = join(folder, "mine.ts");
  writeFileSync(
    ts,
    `const name: string = "typed";\nexport default () => ({ ...${JSON.stringify(recipes.smoke())}, name });`,
  );
  expect((await findRecipe(ts)).name).toBe("typed");
  await expect(findRecipe("quikstart")).rejects.toThrow('no recipe "quikstart"; there is quickstart,');
  await expect(findRecipe("toString")).rejects.toThrow('no recipe "toString"');
  writeFileSync(json, "{");
  await expect(findRecipe(json)).rejects.toThrow(/mine\.json: expected JSON/);
});

it("lists where two recipes differ", () => {
  expect(differences({ a: { b: 1, c: [1] } }, { a: { b: 2, c: [1] }, d: null })).toEqual([
    { path: "a.b", left: 1, right: 2 },
    { path: "d", left: undefined, right: null },
  ]);
});

it("suggests what is near, or everything", () => {
  expect(nearest("bertbase", ["bert-base", "izsak"])).toEqual(["bert-base"]);
  expect(nearest("xyz", ["bert-base", "izsak"])).toEqual(["bert-base", "izsak"]);
});

it.each([
  "training.batchSize=1e12",
  "training.microbatchSize=1e9",
  "backend.threads=1024",
  "corpus.threads=100000",
  "evaluation.probes.trials=1e9",
  "evaluation.every=1e-12",
  "checkpoints.keep=1e9",
  'training.averaging={"kind":"latest","snapshots":1e9,"every":1}',
  "training.budget=1e300 steps",
])("refuses %s, which nobody means", (setting) => {
  expect(() => applySettings(recipes.smoke(), [setting])).toThrow(/^--set: .*expected/);
});
