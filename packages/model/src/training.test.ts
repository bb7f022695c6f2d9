import { registerGradients } from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import {
  encode,
  init,
  type MaskedLossOptions,
  type ModelConfig,
  type maskedLanguageModelLoss,
  modelConfig,
  type PartFactory,
  scriptLoss,
} from "./index.ts";
import { mean, trainOnOneBatch } from "./testing/training-run.testing.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
  registerGradients();
});

const small = { vocabSize: 64, hidden: 16, layers: 2, heads: 2, intermediate: 24, maxLength: 16 } as const;

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

  it("with the norm of a sandwich behind the dropout of its branch", () => {
    const zeros: number[] = [];
    const norm: PartFactory = () => ({
      parameters: {},
      run(x) {
        const values = (x as unknown as tf.Tensor).dataSync();
        zeros.push(values.filter((value) => value === 0).length / values.length);
        return x;
      },
    });
    const config = modelConfig({ ...small, layers: 1, norm, normScheme: "sandwich", position: "none", dropout: 0.5 });
    const params = init(config, 1);
    const inputIds = tf.fill([4, 16], 3, "int32") as tf.Tensor2D;
    encode(params, config, { inputIds }, { dropout: { seed: 1, step: 0 } }).dispose();
    tf.dispose([params, inputIds]);
    const [, beforeAttention, behindAttention, beforeFeedForward, behindFeedForward] = zeros as [
      number,
      number,
      number,
      number,
      number,
    ];
    expect([behindAttention, behindFeedForward].every((share) => Math.abs(share - 0.5) < 0.1)).toBe(true);
    expect(beforeAttention).toBeCloseTo(0.5, 1); // of the embedding's dropout
    expect(beforeFeedForward).toBeCloseTo(0.25, 1);
  });

  it("with the SCRIPT objective", () => {
    const script: typeof maskedLanguageModelLoss = (params, config, batch, options) =>
      scriptLoss(params, config, batch, { ...options, ...options!.dropout! });
    const losses = trainOnOneBatch(modelConfig(small), 6, {}, script);
    // At the start, log(64) for the prediction and, as log Z is log(64) everywhere, nearly as much for the critic.
    expect(losses[0]).toBeGreaterThan(Math.log(64) + 2.5);
    expect(losses[0]).toBeLessThan(2 * Math.log(64));
    expect(mean(losses.slice(-2))).toBeLessThan(mean(losses.slice(0, 2)) - 0.1);
  });
});
