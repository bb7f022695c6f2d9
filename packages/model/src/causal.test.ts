import { registerGradients } from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, expect, it } from "vitest";
import { encode, init, type ModelConfig, maskedLanguageModelLoss, modelConfig } from "./index.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
  registerGradients();
});

const small = { vocabSize: 20, hidden: 8, layers: 3, heads: 2, intermediate: 12, maxLength: 6 } as const;
const init05 = { type: "normal", std: 0.5 } as const;
const variants: Record<string, Partial<ModelConfig>> = {
  "crammed-bert": {},
  "rotary, normed, with values of the first layer": {
    rotary: true,
    qkNorm: true,
    valueResidual: true,
    position: "none",
  },
  "with biases": { qkvBias: true, useBias: true, normScheme: "post" },
};

const hiddenOf = (
  config: ModelConfig,
  params: ReturnType<typeof init>,
  ids: number[],
  causal: boolean,
  mask?: number[],
) =>
  tf.tidy(() => {
    const inputs = {
      inputIds: tf.tensor2d([ids], [1, ids.length], "int32"),
      ...(mask && { attentionMask: tf.tensor2d([mask], [1, ids.length]) }),
    };
    return (encode(params, config, inputs, { causal }).arraySync() as number[][][])[0]!;
  });

const distance = (a: number[], b: number[]) => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

it.each(Object.entries(variants))("%s sees nothing after a position, and all before it", (_, fields) => {
  const config = modelConfig({ ...small, ...fields, init: init05 });
  const params = init(config, 3);
  const ids = [3, 9, 4, 7, 2, 11];
  const whole = hiddenOf(config, params, ids, true);
  for (let end = 1; end < ids.length; end++) {
    const prefix = hiddenOf(config, params, ids.slice(0, end), true);
    for (const [i, row] of prefix.entries()) expect(distance(row, whole[i]!), `${i} of ${end}`).toBeLessThan(1e-5);
  }
  const changed = hiddenOf(config, params, [5, ...ids.slice(1)], true);
  for (let i = 1; i < ids.length; i++) expect(distance(changed[i]!, whole[i]!)).toBeGreaterThan(1e-3);
  const padded = hiddenOf(config, params, ids, true, [1, 1, 1, 1, 0, 0]);
  for (let i = 0; i < 4; i++) expect(distance(padded[i]!, whole[i]!)).toBeLessThan(1e-5);
  tf.dispose(params);
});

it("is, in a single layer, what attention to both sides is at the end of each prefix", () => {
  const config = modelConfig({ ...small, layers: 1, init: init05 });
  const params = init(config, 3);
  const ids = [3, 9, 4, 7, 2, 11];
  const causal = hiddenOf(config, params, ids, true);
  for (let end = 1; end <= ids.length; end++) {
    const both = hiddenOf(config, params, ids.slice(0, end), false);
    expect(distance(both.at(-1)!, causal[end - 1]!)).toBeLessThan(1e-5);
  }
  tf.dispose(params);
});

it("has the gradients of finite differences", async () => {
  const config = modelConfig({
    ...small,
    layers: 2,
    qkNorm: true,
    valueResidual: true,
    zeroOutputs: false,
    init: init05,
  });
  const params = init(config, 3);
  const name = "encoder.layers.1.attn.self_attention.query_key_value.weight";
  const batch = {
    ...{ batchSize: 1, seqLength: 6, inputIds: Int32Array.of(3, 9, 4, 7, 2, 11) },
    ...{ positions: Int32Array.of(0, 1, 2, 3, 4), targets: Int32Array.of(9, 4, 7, 2, 11) },
  };
  const lossAt = (weight: tf.Tensor) =>
    maskedLanguageModelLoss({ ...params, [name]: weight }, config, batch, { causal: true });
  const direction = tf.randomNormal(params[name]!.shape, 0, 1, "float32", 5);
  const slope = tf.tidy(() => tf.sum(tf.mul(tf.grad(lossAt)(params[name]!), direction)).dataSync()[0]!);
  const at = (d: number) => tf.tidy(() => lossAt(tf.add(params[name]!, tf.mul(direction, d))).dataSync()[0]!);
  expect(slope).toBeCloseTo((at(1e-3) - at(-1e-3)) / 2e-3, 2);
  tf.dispose([params, direction]);
});

it.each<[Partial<ModelConfig>, RegExp]>([
  [{ mixer: "fourier" }, /causal: expected self-attention in every layer and no funnel, got mixer fourier/],
  [{ funnel: [6, 3, 6] }, /got a funnel/],
])("refuses %o, which sees what comes after", (fields, message) => {
  const config = modelConfig({ ...small, ...fields });
  const params = init(config, 3);
  expect(() => hiddenOf(config, params, [1, 2, 3, 4, 5, 6], true)).toThrow(message);
  tf.dispose(params);
});
