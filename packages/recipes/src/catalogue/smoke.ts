import type { Recipe } from "../recipe/recipe.ts";
import { studyTokenizer } from "../recipe/tokenizer-options.ts";
import { quickstart } from "./quickstart.ts";

/** Every stage of a run in seconds: does this installation work? It learns next to nothing. */
export const smoke = (): Recipe => {
  const base = quickstart();
  return {
    ...base,
    name: "smoke",
    description: "every stage of a run in seconds; it learns next to nothing",
    corpus: { ...base.corpus, maxDocuments: 400 },
    tokenizer: studyTokenizer("WordPiece", 1024),
    rows: { ...base.rows, seqLength: 32 },
    model: { ...base.model, hidden: 32, intermediate: 64, maxLength: 32 },
    training: { ...base.training, budget: "20 steps", batchSize: 8, microbatchSize: 8 },
    evaluation: {
      heldOut: 0.2,
      rows: 16,
      maskProbability: null,
      every: 0.5,
      probes: { trials: 1, examples: 64, epochs: 1, learningRate: 1e-3 },
    },
  };
};
