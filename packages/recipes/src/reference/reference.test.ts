import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, it } from "vitest";
import { recipes } from "../catalogue/recipes.ts";
import { recipeSettings } from "../recipe/explain.ts";
import { recipeJsonSchema } from "./json-schema.ts";
import { settingsPage } from "./settings-page.ts";

it("has a meaning for every setting, and a unit for every number that counts something", () => {
  const settings = recipeSettings();
  expect(settings.length).toBeGreaterThan(150);
  for (const { path, meanings } of settings)
    for (const { meaning } of meanings) expect(meaning, path).toMatch(/^\S.{5,}/);
  // Plain numbers: factors, exponents, seeds.
  const bare = settings.filter(
    ({ types, unit, path }) =>
      types.some((type) => type.includes("number")) && !unit && !path.startsWith("training.optimizer"),
  );
  expect(bare.map(({ path }) => path)).toEqual([
    "seed",
    "corpus.sources[].field",
    "corpus.seed",
    "model.normEpsilon",
    "model.localAttention.rotaryBase",
    "model.rotaryBase",
    "model.residualScale",
    "model.init.std",
    "training.loss.zLoss",
    "training.progressiveBatch.theta",
    "training.localRate.trust",
    "training.gradInit.tau",
    "training.gradInit.minScale",
    "training.gradInit.maxScale",
    "training.localSteps.outerLearningRate",
    "evaluation.probes.learningRate",
  ]);
});

it("is told in the page of settings; `npx vitest -u` writes it anew", async () => {
  await expect(settingsPage()).toMatchFileSnapshot("../../SETTINGS.md");
});

it("is told to editors in the JSON Schema; `npx vitest -u` writes it anew", async () => {
  await expect(`${JSON.stringify(recipeJsonSchema(), null, 2)}\n`).toMatchFileSnapshot("../../recipe.schema.json");
});

let compiled: ReturnType<Ajv2020["compile"]> | undefined;
const validator = () => (compiled ??= new Ajv2020({ strict: false, allErrors: true }).compile(recipeJsonSchema()));

it.each(Object.entries(recipes))("takes %s by its JSON Schema", (_, make) => {
  const isValid = validator();
  const recipe: unknown = JSON.parse(JSON.stringify(make()));
  expect(isValid(recipe), JSON.stringify(isValid.errors)).toBe(true);
});

it.each([
  [
    "a short recipe",
    { extends: "crammed-bert", training: { budget: "2 hours", optimizer: { learningRate: 1e-3 } } },
    true,
  ],
  ["an architecture by its name", { extends: "crammed-bert", model: "bert-c5" }, true],
  ["a mistyped setting", { extends: "crammed-bert", training: { budgit: "2 hours" } }, false],
  ["a value of another type", { extends: "crammed-bert", training: { batchSize: "many" } }, false],
  ["a source without a path", { extends: "crammed-bert", corpus: { sources: [{ kind: "files" }] } }, false],
  ["a recipe that is not complete and extends none", { name: "mine" }, false],
])("tells an editor of %s", (_, recipe, expected) => {
  expect(validator()(recipe)).toBe(expected);
});
