import { bertBase } from "../catalogue/bert-base.ts";
import { bertOriginal } from "../catalogue/bert-original.ts";
import { izsak } from "../catalogue/izsak.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { SweepInput } from "../sweep/sweep.ts";
import { batchInProportion, inProportion, rateInProportion } from "./scale.ts";

/** Table 3: the final recipe beside others on the same text, all stopped at its budget. Their masking is their own. */
export const baselines = (base: Recipe): NonNullable<SweepInput["variants"]> => [
  { name: "crammed BERT", set: {} },
  { name: "BERT by its own protocol", recipe: onBase(bertOriginal(), base) },
  { name: "BERT-base, schedule over the budget", recipe: onBase(bertBase(), base) },
  { name: "Izsak et al.", recipe: onBase(izsak(), base) },
];

/** Model, masking and training of another recipe, in proportion to the base, on its data and at its budget. */
const onBase = ({ model, masking, training }: Recipe, base: Recipe): Record<string, unknown> => ({
  ...base,
  model: inProportion(model, base),
  masking,
  training: {
    ...training,
    budget: base.training.budget,
    optimizer: { ...training.optimizer, learningRate: rateInProportion(training.optimizer.learningRate, base) },
    batchSize: batchInProportion(training.batchSize, base),
    microbatchSize: base.training.microbatchSize,
  },
});
