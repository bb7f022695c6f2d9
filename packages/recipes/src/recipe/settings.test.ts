import { preset } from "@cramkit/model";
import { expect, it } from "vitest";
import { recipes } from "../catalogue/recipes.ts";
import { hyperparametersOf, optimizerNames } from "./optimizer-settings.ts";
import { recipeModel } from "./schema/model-schema.ts";
import { applySettings } from "./settings.ts";

/** All orders of a list. */
const orders = <T>(list: readonly T[]): T[][] =>
  list.length <= 1
    ? [[...list]]
    : list.flatMap((first, i) => orders([...list.slice(0, i), ...list.slice(i + 1)]).map((rest) => [first, ...rest]));

const field = (recipe: object, path: string): unknown =>
  path.split(".").reduce((node, key) => (node as Record<string, unknown>)[key], recipe as unknown);

it.each([
  [
    ["training.optimizer.learningRate=0.002", "training.optimizer.name=lion"],
    { "training.optimizer.learningRate": 0.002 },
  ],
  [
    ["training.optimizer.name=muon", "training.optimizer.adamw.b1=0.8", "training.optimizer.clipNorm=null"],
    {
      "training.optimizer.adamw.b1": 0.8,
      "training.optimizer.clipNorm": null,
      "training.optimizer.learningRate": 0.02,
    },
  ],
  [
    [
      'training.optimizer={"name":"sgd","clipNorm":1}',
      "training.optimizer.name=lion",
      "training.optimizer.weightDecay=0",
    ],
    { "training.optimizer.name": "lion", "training.optimizer.clipNorm": 1, "training.optimizer.weightDecay": 0 },
  ],
  [
    ["model.layers=7", "model=bert-c4", "model.useBias=true"],
    { "model.layers": 7, "model.heads": 4, "model.useBias": true },
  ],
  [
    ["training.averaging.every=7", "training.averaging.kind=latest"],
    { "training.averaging.every": 7, "training.averaging.snapshots": 10 },
  ],
  [
    ["corpus.minCharacters=5", `corpus=${JSON.stringify({ ...recipes.smoke().corpus, minCharacters: 50 })}`],
    { "corpus.minCharacters": 5 },
  ],
  [
    ["model.head.type=masked-language-model", 'model.head={"type":"none"}', "model=bert-c5"],
    { "model.head.type": "masked-language-model" },
  ],
])("replaces first and sets fields after, whatever the order of %s", (settings, expected) => {
  for (const order of orders(settings)) {
    const recipe = applySettings(recipes["crammed-bert"](), order);
    for (const [path, value] of Object.entries(expected)) expect(field(recipe, path), order.join(" ")).toEqual(value);
  }
});

it("keeps the later of two settings of one path", () => {
  const recipe = applySettings(recipes.quickstart(), [
    "model=bert-c4",
    "training.batchSize=16",
    "model=bert-c5",
    "training.batchSize=32",
  ]);
  expect(recipe.model).toEqual(recipeModel(preset("bert-c5")));
  expect(recipe.training.batchSize).toBe(32);
});

it.each(optimizerNames)("has a setting for every hyperparameter of %s, with the study's value", (name) => {
  const { training } = applySettings(recipes["crammed-bert"](), [
    "backend.precision=float32",
    `training.optimizer.name=${name}`,
  ]);
  expect(training.optimizer).toEqual({ name, ...hyperparametersOf(name), noDecay: null, clipNorm: 0.5 });
  for (const [key, value] of Object.entries(hyperparametersOf(name))) {
    if (typeof value !== "number" || ["every", "iterations", "longest", "decay"].includes(key)) continue;
    const setting = `training.optimizer.${key}`;
    const { training } = applySettings(recipes.quickstart(), [`${setting}=0.25`, `training.optimizer.name=${name}`]);
    expect(field(training.optimizer, key)).toBe(0.25);
    expect(() => applySettings(recipes.quickstart(), [`${setting}=-1`, `training.optimizer.name=${name}`])).toThrow(
      setting,
    );
  }
});

it("fills in what a file leaves out of an optimizer", () => {
  const optimizer = { name: "lion", clipNorm: null, b2: 0.95 };
  const recipe = { ...recipes.smoke(), training: { ...recipes.smoke().training, optimizer } };
  expect(applySettings(recipe as never, []).training.optimizer).toEqual({
    ...{ name: "lion", learningRate: 1e-4, b1: 0.9, b2: 0.95, weightDecay: 0.1 },
    ...{ noDecay: null, clipNorm: null },
  });
});
