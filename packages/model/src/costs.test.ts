import { registerGradients } from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import {
  activationBytes,
  countFlops,
  init,
  type ModelConfig,
  maskedLanguageModelLoss,
  parameterCount,
  preset,
} from "./index.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
  registerGradients();
});

const small = { vocabSize: 80, hidden: 16, layers: 2, heads: 2, intermediate: 24, maxLength: 8 } as const;
const batch = {
  batchSize: 2,
  seqLength: 8,
  inputIds: Int32Array.from({ length: 16 }, (_, i) => i + 1),
  positions: Int32Array.from([1, 4, 9, 14]),
  targets: Int32Array.from([5, 6, 7, 8]),
};

describe("the number of parameters", () => {
  it.each([
    ["crammed-bert", 119_589_889], // published
    ["crammed-bert-v1", 120_179_713], // published
    ["bert-c5", 120_179_713],
    ["hf-bert-base", 109_514_298], // bert-base-uncased as BertForMaskedLM
  ] as const)("%s: %i", (name, count) => {
    expect(parameterCount(preset(name))).toBe(count);
  });
});

interface Storage {
  set(id: object, value: { values: ArrayLike<number> | null }): void;
  delete(id: object): boolean;
}

/** Counts the bytes of the backend's buffers; `tf.memory()` counts two views of one buffer twice. */
const watchBuffers = (): { bytes(): number; restore(): void } => {
  const storage = (tf.backend() as unknown as { data: Storage }).data;
  const { set, delete: remove } = storage;
  const sizes = new Map<object, number>();
  storage.set = (id, value) => {
    sizes.set(id, 4 * (value.values?.length ?? 0));
    set.call(storage, id, value);
  };
  storage.delete = (id) => {
    sizes.delete(id);
    return remove.call(storage, id);
  };
  return {
    bytes: () => [...sizes.values()].reduce((sum, size) => sum + size, 0),
    restore: () => Object.assign(storage, { set, delete: remove }),
  };
};

/** Bytes that the forward pass has left when the gradient begins. */
const measureSaved = (config: ModelConfig): number => {
  const params = init(config, 1);
  const buffers = watchBuffers();
  let during = 0;
  const probe = tf.customGrad((x) => ({
    value: tf.clone(x as tf.Tensor),
    gradFunc: (dy) => {
      during = buffers.bytes();
      return tf.clone(dy);
    },
  }));
  const names = Object.keys(params);
  const grads = tf.grads((...tensors) => {
    const named = Object.fromEntries(tensors.map((tensor, i) => [names[i]!, tensor]));
    return probe(maskedLanguageModelLoss(named, config, batch)) as tf.Scalar;
  });
  tf.dispose(grads(names.map((name) => params[name]!)));
  buffers.restore();
  tf.dispose(params);
  return during;
};

describe("costs from the configuration", () => {
  it.each([
    ["crammed-bert", preset("crammed-bert", small)],
    ["crammed-bert-simple", preset("crammed-bert-simple", small)],
    ["hf-bert-base", preset("hf-bert-base", small)],
    ["rotary positions", preset("crammed-bert", { ...small, rotary: true })],
    ["bert-tiny", preset("bert-tiny", { ...small, embeddingSize: 6 })],
    ["fnet", preset("fnet", small)],
    ["an untied decoder", preset("bert-tiny", { ...small, embeddingSize: 6, tieWeights: false })],
    ["tuformer", preset("crammed-bert", { ...small, mixer: "tuformer" })],
    ["attention without a softmax", preset("crammed-bert", { ...small, mixer: "unnormalized-attention" })],
    ["DeepNorm", preset("bert-original", { ...small, residualScale: 2 })],
    ["squared ReLU", preset("crammed-bert", { ...small, activation: "relu2" })],
    ["squared ReLU with a gate", preset("crammed-bert", { ...small, activation: "relu2-glu" })],
    ["normed queries and keys", preset("crammed-bert", { ...small, qkNorm: true })],
    ["a value residual", preset("crammed-bert", { ...small, layers: 3, valueResidual: true })],
    ["no first norm", preset("crammed-bert", { ...small, firstNorm: false, zeroOutputs: true })],
    ["RMSNorm with a gate", preset("crammed-bert", { ...small, norm: "RMSNorm", activation: "silu-glu" })],
  ])("say what %s keeps for its gradient", (_, config) => {
    const counted = activationBytes(config, 2, 8, { predictedShare: 4 / 16 });
    // The rest is a handful of scalars, index vectors and the table of positions: constants, not activations.
    expect(Math.abs(measureSaved(config) - counted) / counted).toBeLessThan(0.06);
  });

  it("say what the matrix products of one sequence are", () => {
    const config = preset("crammed-bert", small);
    const { forward, backward, perToken } = countFlops(config, 8, { predictedShare: 0.25 });
    const scores = 2 * 2 * 8 * 8 * 16;
    const mixers = 2 * (8 * 2 * 16 * 48 + scores);
    // Of the last layer the two rows that are predicted.
    const rest = (8 + 2) * 2 * 16 * (16 + 24 + 12) + 2 * 2 * 16 * 80;
    expect(forward).toBe(mixers + rest);
    expect(backward).toBe(2 * (mixers + rest) + scores);
    expect(perToken).toBe((forward + backward) / 8);
  });

  it("agree with the multiplications that TensorFlow.js runs", () => {
    for (const fields of [
      {},
      { activation: "relu", predictionHead: "transform", useBias: true, qkvBias: true },
      { embeddingSize: 6, predictionHead: "linear" },
      { mixer: "fourier-projected" },
      { mixer: "fourier-experimental" },
      { embeddingSize: 6, tieWeights: false },
      { mixer: "tuformer" },
    ] as const) {
      const config = preset("crammed-bert", { ...small, ...fields });
      const params = init(config, 1);
      const original = tf.getKernel("BatchMatMul", "cpu")!;
      let flops = 0;
      tf.unregisterKernel("BatchMatMul", "cpu");
      tf.registerKernel({
        ...original,
        kernelFunc(arguments_) {
          const { a, b } = arguments_.inputs as { a: tf.Tensor; b: tf.Tensor };
          const { transposeA, transposeB } = arguments_.attrs as { transposeA: boolean; transposeB: boolean };
          const rows = a.shape.at(transposeA ? -1 : -2)!;
          flops += 2 * (a.size / rows) * rows * b.shape.at(transposeB ? -2 : -1)!;
          return original.kernelFunc(arguments_);
        },
      });
      maskedLanguageModelLoss(params, config, batch).dispose();
      expect(flops).toBe(2 * countFlops(config, 8, { predictedShare: 0.25 }).forward);
      tf.unregisterKernel("BatchMatMul", "cpu");
      tf.registerKernel(original);
      tf.dispose(params);
    }
  });
});
