import { preparedSetKey } from "@cramkit/packer/node";
import { dataSeed } from "../recipe/data-seed.ts";
import { type Difference, differences } from "../recipe/difference.ts";
import type { Recipe } from "../recipe/recipe.ts";

/** The parts of a recipe that decide which tokens its held-out loss is measured on, and what they are guessed from. */
const testOf = (recipe: Recipe) => {
  const { corpus, tokenizer, rows, masking, evaluation } = recipe;
  // Neither the tokenizer nor what is held out comes from the text of a last phase.
  const { threads: _, seed: __, lastPhase: ___, ...text } = corpus;
  return {
    corpus: text,
    tokenizer,
    rows: { seqLength: rows.seqLength },
    masking: {
      policy: masking.policy,
      probability: evaluation.maskProbability ?? masking.probability,
      wholeWords: masking.wholeWords,
    },
    evaluation: { heldOut: evaluation.heldOut, rows: evaluation.rows },
    seed: dataSeed(recipe),
  };
};

/** Runs with the same key have their held-out losses measured on the same tokens behind the same masks. */
export const comparisonKey = (recipe: Recipe): string => preparedSetKey(testOf(recipe));

/** The settings for which the held-out losses of two recipes are of different tokens; none if they can be compared. */
export const incomparable = (left: Recipe, right: Recipe): Difference[] => differences(testOf(left), testOf(right));
