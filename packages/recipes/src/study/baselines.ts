import { bertBase } from "../catalogue/bert-base.ts";
import { bertOriginal24h } from "../catalogue/bert-original-24h.ts";
import { izsak } from "../catalogue/izsak.ts";
import { budgetLimits } from "../recipe/budget.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { SweepInput } from "../sweep/sweep.ts";
import { batchInProportion, inProportion, rateInProportion, timesBudget } from "./scale.ts";

/** Table 3: the final recipe beside others on the same text, all stopped at its budget. Their masking is their own. */
export const baselines = (base: Recipe): NonNullable<SweepInput["variants"]> => [
  { name: "crammed BERT", set: {} },
  { name: "BERT by its own protocol", recipe: stoppedEarly(onBase(bertOriginal24h(), base), base) },
  { name: "BERT-base, schedule over the budget", recipe: onBase(bertBase(), base) },
  { name: "Izsak et al.", recipe: onBase(izsak(), base) },
];

type OnBase = Recipe & Record<string, unknown>;

/** Model, masking and training of another recipe, in proportion to the base, on its data and at its budget. */
/**
 * A schedule that the budget cuts off. The million steps of BERT are 66 billion tokens, of which a day on an RTX 2080 Ti saw about
 * 4: at another budget than a day the schedule goes along 16 times that.
 */
const stoppedEarly = (recipe: OnBase, { training: { budget } }: Recipe): OnBase => ({
  ...recipe,
  training: {
    ...recipe.training,
    horizon: budgetLimits(budget).hours === 24 ? recipe.training.horizon : timesBudget(budget, 16),
  },
});

const onBase = ({ model, masking, training }: Recipe, base: Recipe): OnBase => ({
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
