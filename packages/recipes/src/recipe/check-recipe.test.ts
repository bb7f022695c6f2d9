import { expect, it } from "vitest";
import { recipes } from "../catalogue/recipes.ts";
import { checkRecipe } from "./check-recipe.ts";
import type { Recipe } from "./recipe.ts";
import { applySettings } from "./settings.ts";

it.each(Object.entries(recipes))("takes %s", (_, make) => {
  expect(() => checkRecipe(make())).not.toThrow();
});

it.each([
  [["rows.seqLength=512"], "rows.seqLength: expected at most model.maxLength 128, got 512"],
  [["model.heads=5"], "heads: expected a divisor of hidden 128, got 5"],
  [['model.head={"type":"none"}'], "model.head.type: expected masked-language-model, as a recipe pretrains, got none"],
  [["model.funnel=[128,100]"], "funnel: expected to begin and end with maxLength 128"],
  [["masking.probability=0.003"], "masking.probability: expected to mask a token of the 128 of a row, got 0.003"],
  [
    ["masking.probability=0.01", "training.tokenDrop=0.9"],
    "masking.probability: expected to mask a token of the 12 of a row, got 0.01",
  ],
  [
    ["masking.wholeWords=true", "tokenizer.model=Unigram"],
    "masking.wholeWords: expected tokens that tell where a word",
  ],
  [
    ["model.position=scaled-sinusoidal", 'training.frozen=["pos_embeding"]'],
    'training.frozen: expected whole parts of the names of parameters, got "pos_embeding", which is in none of 22; there is pos_embedding, word_embedding',
  ],
  [
    ['training.frozen=["encoder.layers.1.attn","layers.2"]'],
    'training.frozen: expected whole parts of the names of parameters, got "layers.2", which is in none of 21; there is ',
  ],
  [['training.frozen=["word"]'], 'got "word", which is in none of 21; there is '],
  [
    ['training.optimizer.noDecay=["biass"]'],
    'training.optimizer.noDecay: expected whole parts of the names of parameters, got "biass"',
  ],
  [
    ['training.groups=[{"params":["word_embeding"],"optimizer":{"name":"sgd"}}]'],
    'training.groups.0.params: expected whole parts of the names of parameters, got "word_embeding"',
  ],
  [
    ['corpus.lastPhase={"from":0.9}'],
    "corpus.lastPhase: expected sources, or a quality that tells which documents are for it, got neither; set one of them",
  ],
  [
    ['corpus.lastPhase={"sources":[{"kind":"ids","path":"x"}]}'],
    "corpus.lastPhase: expected null with a source of kind ids, which is packed as it is",
  ],
  [
    ["training.gradInit={}", "training.from=runs/first"],
    "training.gradInit: expected null with training.from, whose weights are trained already",
  ],
  [['training.frozen=["encoder"]'], "training.frozen: expected a parameter that is left to train, got none"],
  [
    ['training.sequenceCurriculum={"lengths":[24,128],"fractions":[0,0.5]}'],
    "training.sequenceCurriculum: expected lengths that divide the 128 tokens of a row, got 24",
  ],
  [
    ['training.sequenceCurriculum={"lengths":[64,128],"fractions":[0.5]}'],
    "sequenceCurriculum: expected as many fractions as lengths and at least one, got 1 for 2",
  ],
  [
    ["model.layers=3", "model.funnel=[128,64,128]", 'training.sequenceCurriculum={"lengths":[64],"fractions":[0]}'],
    "training.sequenceCurriculum: expected null with model.funnel",
  ],
  [
    ["training.schedule.warmup=0.06"],
    'studySchedule: expected no "warmup" with budget-triangle2, which has none, got 0.06; set it to 0',
  ],
  [
    ['training.progressiveBatch={"theta":0.9,"monotone":false}', "training.batchRamp=0.5"],
    "training.progressiveBatch: expected no batchRamp",
  ],
  [["training.microbatchSize=16"], "training.microbatchSize: expected at most training.batchSize 8, got 16"],
  [
    ["training.schedule.warmup=0.7", "training.schedule.cooldown=0.7"],
    "training.schedule: expected a warmup and a cooldown within the budget, got shares of 0.7 and 0.7",
  ],
])("refuses %s before any text is read", (settings, message) => {
  expect(() => checkRecipe(applySettings(recipes.quickstart(), settings))).toThrow(message);
});

it("refuses a field of the model that there is not, as one that was mistyped in a file", () => {
  const recipe = recipes.quickstart();
  const mistyped = { ...recipe, model: { ...recipe.model, hiden: 64 } } as Recipe;
  expect(() => checkRecipe(mistyped)).toThrow("model.hiden: unknown field; there is hidden");
});

it("refuses dropped tokens that leave a row which the funnel cannot halve", () => {
  const funnel = applySettings(recipes.quickstart(), ["model.layers=3", "model.funnel=[128,64,128]"]);
  expect(() => checkRecipe(funnel)).not.toThrow();
  expect(() => checkRecipe(applySettings(funnel, ["training.tokenDrop=0.25"]))).not.toThrow();
  expect(() => checkRecipe(applySettings(funnel, ["training.tokenDrop=0.3"]))).toThrow(
    "training.tokenDrop: expected rows of a multiple of 2 tokens for model.funnel, got 89",
  );
});

it("names all faults of a recipe at once", () => {
  const faulty = applySettings(recipes.quickstart(), [
    "rows.seqLength=128",
    'training.frozen=["word_embeding"]',
    'training.optimizer.noDecay=["biass"]',
    "training.batchSize=8",
    "training.microbatchSize=16",
    "masking.wholeWords=true",
    "tokenizer.model=Unigram",
  ]);
  expect(() => checkRecipe(faulty)).toThrow(RangeError);
  for (const setting of [
    "training.frozen",
    "training.optimizer.noDecay",
    "training.microbatchSize",
    "masking.wholeWords",
  ])
    expect(() => checkRecipe(faulty)).toThrow(new RegExp(`\\n  ${setting.replaceAll(".", "\\.")}: expected`));
  expect(() => checkRecipe(faulty)).toThrow(/recipe: expected settings that go together, got 4 faults:/);
});
