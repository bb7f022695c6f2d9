import { registerGradients } from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import {
  init,
  type MaskedBatch,
  type MaskedLossOptions,
  type MixerName,
  type ModelConfig,
  maskedLanguageModelLoss,
  modelConfig,
  type NormName,
  scriptLoss,
} from "./index.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
  registerGradients();
});

const small = {
  vocabSize: 20,
  hidden: 12,
  layers: 2,
  heads: 2,
  intermediate: 8,
  maxLength: 8,
  init: { type: "normal", std: 0.3 },
} as const;

const first: MaskedBatch = {
  batchSize: 1,
  seqLength: 5,
  inputIds: Int32Array.of(3, 5, 7, 1, 0),
  positions: Int32Array.of(0, 2),
  targets: Int32Array.of(4, 11),
  attentionMask: Int32Array.of(1, 1, 1, 1, 0),
};
/** The same and a second row that is padding only, as a last batch that is not full has it. */
const padded: MaskedBatch = {
  ...first,
  batchSize: 2,
  inputIds: Int32Array.from([...first.inputIds, 0, 0, 0, 0, 0]),
  attentionMask: Int32Array.of(1, 1, 1, 1, 0, 0, 0, 0, 0, 0),
};

type Loss = (params: tf.NamedTensorMap, config: ModelConfig, batch: MaskedBatch) => tf.Scalar;

/** Loss and gradients by name, after which no tensor is left. */
const train = (config: ModelConfig, batch: MaskedBatch, loss: Loss): Record<string, number[]> => {
  const before = tf.memory().numTensors;
  const params = init(config, 3);
  const names = Object.keys(params);
  const { value, grads } = tf.valueAndGrads((...tensors) =>
    loss(Object.fromEntries(tensors.map((tensor, i) => [names[i]!, tensor])), config, batch),
  )(Object.values(params));
  const read = (tensor: tf.Tensor) => [...tensor.dataSync<"float32">()];
  const found = { loss: read(value), ...Object.fromEntries(grads.map((grad, i) => [names[i]!, read(grad)])) };
  tf.dispose([params, value, grads]);
  expect(tf.memory().numTensors).toBe(before);
  return found;
};

describe("a row of padding changes neither the loss nor the gradients of the other row", () => {
  const mixers: MixerName[] = [
    "self-attention",
    "normalized-attention",
    "unnormalized-attention",
    "cumulative-attention",
    "cumulative-exp-attention",
    "tuformer",
    "flash",
    "fourier",
    "fourier-projected",
    "fourier-experimental",
    "none",
  ];
  const norms: NormName[] = ["LayerNorm", "RMSNorm", "ScaleNorm"];
  it.each(mixers.flatMap((mixer) => norms.map((norm) => [mixer, norm] as const)))("%s, %s", (mixer, norm) => {
    // Without positions the embedding of padding is zero; a sandwich norms what attention yields, zero if it sees nothing.
    const sizes = { ...small, embeddingSize: 6, predictionHead: "transform" } as const;
    const config = modelConfig({ ...sizes, mixer, norm, normScheme: "sandwich", position: "none" });
    const [alone, both] = [first, padded].map((batch) => train(config, batch, maskedLanguageModelLoss));
    for (const [name, expected] of Object.entries(alone!)) {
      const size = Math.max(...expected.map(Math.abs));
      expect(expected.every(Number.isFinite), name).toBe(true);
      const errors = both![name]!.map((value, i) => Math.abs(value - expected[i]!));
      expect(Math.max(...errors), name).toBeLessThanOrEqual(1e-5 * size);
    }
  });
});

describe("a batch without a position to predict has a loss of 0 and gradients of 0", () => {
  const nothing = { ...first, positions: new Int32Array(), targets: new Int32Array() };
  it.each<[string, Partial<ModelConfig>, MaskedLossOptions]>([
    ["plain", {}, {}],
    ["a head", { predictionHead: "transform" }, {}],
    ["label smoothing", {}, { labelSmoothing: 0.1 }],
    ["z-loss and a head", { predictionHead: "linear" }, { zLoss: 1e-4 }],
    ["another loss", {}, { loss: "incorrect" }],
    ["an untied decoder", { tieWeights: false }, {}],
  ])("%s", (_, fields, options) => {
    const found = train(modelConfig({ ...small, ...fields }), nothing, (params, config, batch) =>
      maskedLanguageModelLoss(params, config, batch, options),
    );
    expect(
      Object.values(found)
        .flat()
        .every((value) => value === 0),
    ).toBe(true);
  });

  it("SCRIPT says that it needs one", () => {
    const config = modelConfig(small);
    const params = init(config, 3);
    expect(() => scriptLoss(params, config, nothing, { seed: 1, step: 0 })).toThrow(
      "expected a position to predict, got none",
    );
    tf.dispose(params);
  });
});

describe("a batch that contradicts itself or the model is refused, on any backend", () => {
  it.each<[string, Partial<MaskedBatch>, RegExp]>([
    ["an id", { inputIds: Int32Array.of(3, 5, 7, 20, 0) }, /expected inputIds in 0\.\.19, got 20 at index 3/],
    ["a position", { positions: Int32Array.of(0, 5) }, /expected positions in 0\.\.4, got 5 at index 1/],
    ["a target", { targets: Int32Array.of(-100, 1) }, /expected targets in 0\.\.19, got -100 at index 0/],
    ["their number", { targets: Int32Array.of(1) }, /expected as many targets as positions 2, got 1/],
  ])("%s", (_, fields, message) => {
    const config = modelConfig(small);
    const params = init(config, 3);
    for (const zLoss of [0, 1e-4]) {
      expect(() => maskedLanguageModelLoss(params, config, { ...first, ...fields }, { zLoss })).toThrow(message);
    }
    expect(() => scriptLoss(params, config, { ...first, ...fields }, { seed: 1, step: 0 })).toThrow(message);
    tf.dispose(params);
  });
});

it.each<[MaskedLossOptions, RegExp]>([
  [{ labelSmoothing: 1 }, /expected labelSmoothing from 0 to below 1, got 1/],
  [{ labelSmoothing: Number.NaN }, /labelSmoothing .* got NaN/],
  [{ zLoss: -1 }, /expected zLoss of at least 0, got -1/],
  [{ loss: "mse" as "focal" }, /expected loss cross-entropy, focal, .*, got mse/],
  [{ loss: "focal", zLoss: 1e-4 }, /expected no labelSmoothing and no zLoss with focal, got 0 and 0.0001; /],
])("the loss refuses %o", (options, message) => {
  expect(() => maskedLanguageModelLoss({}, modelConfig(small), first, options)).toThrow(message);
});
