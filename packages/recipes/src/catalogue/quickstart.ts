import { studySettings } from "../recipe/optimizer-settings.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { studyTokenizer } from "../recipe/tokenizer-options.ts";
import { crammedBert } from "./crammed-bert.ts";

/** A small crammed BERT on five novels that come with every installation: minutes on a CPU, no network, no data. */
export const quickstart = (): Recipe => {
  const base = crammedBert();
  return {
    ...base,
    name: "quickstart",
    description: "a small crammed BERT on five novels of Jane Austen: minutes on a CPU",
    backend: { name: "cpu", precision: "float32", threads: null, products: "auto", library: null, recordSteps: true },
    corpus: {
      ...base.corpus,
      sources: [{ kind: "novels" }],
      maxTokensPerCharacter: null,
      exactDuplicates: true,
    },
    tokenizer: studyTokenizer("WordPiece", 4096),
    rows: { seqLength: 128, order: "shuffled" },
    model: {
      ...base.model,
      layers: 2,
      hidden: 128,
      heads: 2,
      intermediate: 512,
      // By sines added to the words, attention finds the neighbours only after half of these few steps.
      position: "none",
      rotary: true,
      init: { type: "small", std: 0.06 },
    },
    training: {
      ...base.training,
      budget: "1.5e6 tokens",
      optimizer: studySettings("adamw", { learningRate: 3e-3 }),
      batchSize: 8,
      batchRamp: 0,
      microbatchSize: 8,
    },
    evaluation: {
      heldOut: 0.08,
      rows: 128,
      maskProbability: null,
      every: 0.1,
      probes: { trials: 1, examples: 1000, epochs: 4, learningRate: 1e-3 },
    },
    checkpoints: { minutes: 1, keep: 2 },
  };
};
