import { bertBase } from "../catalogue/bert-base.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { SweepInput } from "../sweep/sweep.ts";
import { architecture, batchInProportion, rateInProportion } from "./scale.ts";

/** Table 4: the full recipe, and each of its changes taken back: of the architecture, of the training, of the data. */
export const ablations = (base: Recipe): NonNullable<SweepInput["variants"]> => {
  const { training, corpus, rows } = base;
  const original = bertBase().training;
  // Held-out rows are masked alike, as numbers and by the base's policy, so that losses can be compared.
  const heldOutMasks = base.evaluation.maskProbability ?? base.masking.probability;
  const bertBatch = batchInProportion(original.batchSize, base);
  return [
    { name: "full recipe", set: {} },
    { name: "architecture of BERT, norms first", set: architecture("crammed-bert-simple", base) },
    { name: "architecture of BERT, norms last", set: architecture("bert-base", base) },
    { name: "with biases", set: { "model.useBias": true, "model.qkvBias": true } },
    { name: "without gates", set: { "model.activation": "gelu" } },
    { name: "learned positions", set: { "model.position": "learned", "model.rotary": false } },
    { name: "with head transform", set: { "model.predictionHead": "transform", "model.decoderBias": true } },
    { name: "without final norm", set: { "model.finalNorm": false } },
    {
      name: "training of BERT",
      set: {
        "training.optimizer.learningRate": rateInProportion(original.optimizer.learningRate, base),
        "training.optimizer.clipNorm": null,
        "training.schedule": original.schedule,
        "training.batchSize": bertBatch,
        "training.batchRamp": 0,
        "training.dropout": 0.1,
        "masking.probability": 0.15,
        "evaluation.maskProbability": heldOutMasks,
      },
    },
    { name: "with dropout", set: { "training.dropout": 0.1 } },
    { name: "schedule of BERT", set: { "training.schedule": { name: "budget-linear", warmup: 0.06, cooldown: 0 } } },
    { name: "small batches", set: { "training.batchSize": bertBatch, "training.batchRamp": 0 } },
    ...(training.batchRamp > 0 ? [{ name: "without batch ramp", set: { "training.batchRamp": 0 } }] : []),
    { name: "without clipping", set: { "training.optimizer.clipNorm": null } },
    {
      name: "15 % masked",
      set: {
        "masking.probability": 0.15,
        "evaluation.maskProbability": heldOutMasks,
      },
    },
    ...(corpus.maxTokensPerCharacter !== null
      ? [{ name: "without filter", set: { "corpus.maxTokensPerCharacter": null } }]
      : []),
    ...(rows.order !== "shuffled" ? [{ name: "rows in random order", set: { "rows.order": "shuffled" } }] : []),
  ];
};
