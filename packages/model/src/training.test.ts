import { registerGradients } from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type MaskedLossOptions,
  type ModelConfig,
  type maskedLanguageModelLoss,
  modelConfig,
  type PartFactory,
  scriptLoss,
} from "./index.ts";
import { mean, trainOnOneBatch } from "./training-run.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
  registerGradients();
});

const small = { vocabSize: 64, hidden: 16, layers: 2, heads: 2, intermediate: 24, maxSeq: 16 } as const;

/** A mixer of one's own: each position becomes the mean of all, through one matrix. */
const averaging: PartFactory = (_, { width }) => ({
  parameters: { "mix.weight": { shape: [width, width], init: { type: "linear" } } },
  run: (x, { ops, param }) => ops.linear(ops.reduce(x, "mean", [1], true), param("mix.weight")),
});

const cases: Record<string, [Partial<ModelConfig>, MaskedLossOptions?]> = {
  "self-attention with dropout": [{ dropout: 0.1, attentionDropout: 0.1 }],
  flash: [{ mixer: "flash", feedForward: "none" }],
  tuformer: [{ mixer: "tuformer" }],
  "normalized attention": [{ mixer: "normalized-attention" }],
  "unnormalized attention": [{ mixer: "unnormalized-attention" }],
  "cumulative attention": [{ mixer: "cumulative-attention" }],
  "cumulative-exp attention": [{ mixer: "cumulative-exp-attention" }],
  "no mixing": [{ mixer: "none" }],
  "a mixer of one's own": [{ mixer: averaging }],
  "layer drop": [{ layers: 4, layerDrop: 0.5 }],
  "deep thinking": [{ layers: 8, sharedLayers: 1, recurrence: "deep-thinking" }],
  funnel: [{ layers: 3, funnel: [16, 4, 16] }],
  "an untied decoder": [{ tieWeights: false }],
  focal: [{}, { loss: "focal" }],
  incorrect: [{}, { loss: "incorrect" }],
  "label smoothing and z-loss": [{}, { labelSmoothing: 0.1, zLoss: 1e-4 }],
};

describe("a model learns a batch and leaves no tensors behind", () => {
  it.each(Object.entries(cases))("%s", (_, [fields, options]) => {
    const losses = trainOnOneBatch(modelConfig({ ...small, ...fields }), 6, options);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(mean(losses.slice(-2))).toBeLessThan(mean(losses.slice(0, 2)) - 0.1);
  });

  it("with the SCRIPT objective", () => {
    const script: typeof maskedLanguageModelLoss = (params, config, batch, options) =>
      scriptLoss(params, config, batch, { ...options, seed: options!.dropout!.seed });
    const losses = trainOnOneBatch(modelConfig(small), 6, {}, script);
    // At the start, log(64) for the prediction and, as log Z is log(64) everywhere, nearly as much for the critic.
    expect(losses[0]).toBeGreaterThan(Math.log(64) + 2.5);
    expect(losses[0]).toBeLessThan(2 * Math.log(64));
    expect(mean(losses.slice(-2))).toBeLessThan(mean(losses.slice(0, 2)) - 0.1);
  });
});
