import { fault, shown } from "@cramkit/errors";
import type { ModelConfig } from "@cramkit/model";
import type { Tokenizer } from "@cramkit/tokenizer";
import { completeModel } from "../recipe/model-of.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { recipeModel } from "../recipe/schema/model-schema.ts";
import type { Origin } from "./origin.ts";

/** What a second phase may have of its own: no trained weight depends on it. */
const ownFields: readonly string[] = ["layerDrop", "init", "zeroOutputs", "head"];

/**
 * Refuses a recipe whose model is another than that of its origin, before any text is read.
 *
 * @throws a fault `invalid-input` that names the field and both values
 */
export const requireOriginFits = (recipe: Recipe, { config }: Pick<Origin, "config">): void => {
  const from = recipe.training.from!;
  const ours: Record<string, unknown> = { ...completeModel(recipe.model) };
  for (const [field, theirs] of Object.entries(recipeModel(config))) {
    if (ownFields.includes(field) || (field === "maxLength" && mayBeLonger(config))) continue;
    if (JSON.stringify(ours[field]) === JSON.stringify(theirs)) continue;
    throw fault({
      code: "invalid-input",
      place: `model.${field}`,
      problem: `expected ${JSON.stringify(theirs)}, as in ${from}, which training.from names, got ${shown(ours[field])}`,
      remedy: "leave it out: training.from brings the model",
      type: RangeError,
    });
  }
};

/** Positions that are computed go on as far as one likes. */
const mayBeLonger = ({ position, funnel }: ModelConfig): boolean => position !== "learned" && funnel === null;

/**
 * Refuses a tokenizer that gives the words of the origin other numbers.
 *
 * @throws a fault `invalid-input` that names the first difference
 */
export const requireSameTokens = (recipe: Recipe, tokenizer: Tokenizer, origin: Pick<Origin, "tokenizer">): void => {
  for (let id = 0; id < origin.tokenizer.idLimit; id++) {
    const [here, there] = [tokenizer.idToToken(id), origin.tokenizer.idToToken(id)];
    if (here === there) continue;
    const shown = (token: string | undefined) => (token === undefined ? "nothing" : `"${token}"`);
    throw fault({
      code: "invalid-input",
      place: "tokenizer",
      problem: `expected the vocabulary of ${recipe.training.from}, which training.from names, got another: entry ${id} is ${shown(here)}, there ${shown(there)}`,
      remedy: "leave tokenizer.from and tokenizer.vocabSize out: training.from brings the tokenizer",
      type: RangeError,
    });
  }
};
