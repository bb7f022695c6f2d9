import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { preset } from "@cramkit/model";
import { expect, it } from "vitest";
import { differences } from "../recipe/difference.ts";
import { recipeModel } from "../recipe/schema/model-schema.ts";
import { findRecipe } from "./find-recipe.ts";
import { recipes } from "./recipes.ts";

const folderWith = (files: Record<string, unknown>): string => {
  const folder = mkdtempSync(join(tmpdir(), "recipe-"));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  }
  return folder;
};

const own = {
  $schema: "./node_modules/@cramkit/recipes/recipe.schema.json",
  extends: "crammed-bert",
  corpus: { sources: [{ kind: "files", path: "books" }] },
  training: { budget: "2 hours", schedule: { name: "budget-one-cycle" } },
};

it("takes from another recipe what a file leaves out, and the name from the file", async () => {
  const folder = folderWith({ "My Books.json": own });
  const recipe = await findRecipe(join(folder, "My Books.json"));
  expect(differences(recipes["crammed-bert"](), recipe)).toEqual([
    { path: "name", left: "crammed-bert", right: "my-books" },
    { path: "corpus.sources", left: [{ kind: "files", path: "corpus" }], right: [{ kind: "files", path: "books" }] },
    { path: "training.budget", left: "24 hours", right: "2 hours" },
    { path: "training.schedule.name", left: "budget-triangle2", right: "budget-one-cycle" },
  ]);
});

it("follows a chain of files, each relative to its own place, JSON or a module", async () => {
  const folder = folderWith({
    "runs/last.json": { extends: "../shared/base.ts", name: "last", seed: 7 },
    "shared/base.ts": `export default () => ({ extends: "first.json", training: { batchSize: 64 as number } });`,
    "shared/first.json": { extends: "smoke", training: { batchSize: 32, budget: "3 steps" } },
  });
  const recipe = await findRecipe(join(folder, "runs/last.json"));
  expect(recipe).toMatchObject({ name: "last", seed: 7, training: { batchSize: 64, budget: "3 steps" } });
  expect((await findRecipe(join(folder, "shared/first.json"))).name).toBe("first");
});

it("brings an optimizer's, an averaging's and a model's own fields with it", async () => {
  const folder = folderWith({
    "a.json": {
      extends: "crammed-bert",
      model: "bert-c4",
      training: { optimizer: { name: "lion", b2: 0.95 }, averaging: { kind: "latest", every: 5 } },
    },
    "b.json": { extends: "a.json", model: { layers: 3 }, training: { averaging: { kind: "ema" }, groups: [] } },
  });
  const { model, training } = await findRecipe(join(folder, "a.json"));
  expect(model).toEqual(recipeModel(preset("bert-c4")));
  expect(training.optimizer).toEqual({
    ...{ name: "lion", learningRate: 1e-4, b1: 0.9, b2: 0.95, weightDecay: 0.1 },
    ...{ noDecay: null, clipNorm: 0.5 },
  });
  expect(training.averaging).toEqual({ kind: "latest", snapshots: 10, every: 5 });
  const next = await findRecipe(join(folder, "b.json"));
  expect(next.model).toEqual({ ...model, layers: 3 });
  expect(next.training.averaging).toEqual({ kind: "ema", decay: 0.995 });
});

it.each([
  [
    "itself",
    { "a.json": { extends: "a.json" } },
    /a\.json: extends: expected a recipe that does not lead back here, got .*a\.json -> a\.json; extend another/,
  ],
  [
    "a circle",
    {
      "a.json": { extends: "./b.json" },
      "b.json": { extends: "c.json" },
      "c.json": { extends: "./b.json" },
    },
    /c\.json: extends: expected a recipe that does not lead back here, got \.\/b\.json -> c\.json -> .*b\.json; extend/,
  ],
  [
    "a mistyped recipe",
    { "a.json": { extends: "cramed-bert" } },
    /a\.json: extends: there is no recipe "cramed-bert"; available: crammed-bert, /,
  ],
  [
    "a file that is not there",
    { "a.json": { extends: "b.json" } },
    /a\.json: extends: there is no file b\.json; name a file relative to this one/,
  ],
  ["a module that is not there", { "a.json": { extends: "b.ts" } }, /a\.json: extends: there is no file b\.ts/],
  ["no name", { "a.json": { extends: 3 } }, /a\.json: extends: expected the name of a recipe or of a file, got 3/],
  ["a broken file", { "a.json": { extends: "b.json" }, "b.json": "{" }, /b\.json: expected JSON/],
  [
    "an invalid base",
    { "a.json": { extends: "b.json" }, "b.json": { extends: "smoke", seed: "x" } },
    /^b\.json: seed: expected number, got "x"$/,
  ],
  [
    "a mistyped setting",
    { "a.json": { extends: "smoke", rows: { lenght: 3 } } },
    /a\.json: rows: there is no setting lenght \(available: seqLength, order\)/,
  ],
  [
    "another optimizer that there is not",
    { "a.json": { extends: "smoke", training: { optimizer: { name: "adamax" } } } },
    /training\.optimizer\.name: expected one of adamw, /,
  ],
  ["an architecture that there is not", { "a.json": { extends: "smoke", model: "bert-c9" } }, /bert-c9/],
])("refuses %s in one line with its place", async (_, files, message) => {
  const folder = folderWith(files);
  const error = await findRecipe(join(folder, "a.json")).catch((error: Error) => error);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).not.toContain("\n");
});

it("names every field that is missing or off in one message", async () => {
  const { seed: _, backend: __, ...rest } = recipes.smoke();
  const { shuffle: ___, minCharacters: ____, ...corpus } = rest.corpus;
  const { layers: _____, ...model } = rest.model;
  const folder = folderWith({
    "a.json": {
      ...rest,
      corpus,
      model,
      rows: { seqLength: 4, order: "shuffled", more: 1 },
      checkpoints: { minutes: "1" },
    },
  });
  const { message } = (await findRecipe(join(folder, "a.json")).catch((error: Error) => error)) as Error;
  for (const part of [
    "seed: expected number, got nothing",
    "backend: expected object, got nothing",
    "corpus.shuffle: expected boolean, got nothing",
    "corpus.minCharacters: expected number, got nothing",
    "model.layers: expected number, got nothing",
    "rows.seqLength: expected number to be >=8, got 4",
    "rows: there is no setting more (available: seqLength, order)",
    'checkpoints.minutes: expected number, got "1"',
    "checkpoints.keep: expected number, got nothing",
    'add "extends": "crammed-bert"',
  ])
    expect(message).toContain(part);
});
