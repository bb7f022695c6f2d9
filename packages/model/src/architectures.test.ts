import { registerGradients } from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import {
  classificationLoss,
  encode,
  maskedLanguageModelLoss,
  modelConfigFromFixture,
  type Params,
  parameterShapes,
} from "./index.ts";
import { type PlainFields, type PlainParams, plainHidden, plainLoss } from "./plain-model.ts";
import { normals } from "./testing/normals.testing.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
  registerGradients();
});

const base: PlainFields = {
  naming: "crammed",
  task: "mlm",
  vocab: 13,
  layers: 2,
  hidden: 8,
  heads: 2,
  intermediate: 12,
  max_seq: 6,
  norm: "LayerNorm",
  eps: 1e-12,
  norm_scheme: "pre",
  activation: "GELUglu",
  position: "scaled-sinusoidal",
  embedding_dim: null,
  embedding_norm: true,
  final_norm: true,
  head_transform: false,
  use_bias: false,
  qkv_bias: false,
  decoder_bias: false,
  rotary: false,
  attention: "self-attention",
  hybrid_layers: [],
  ffn_every: 1,
  recurrent: 0,
  deepnorm: false,
};
const biases = { use_bias: true, qkv_bias: true, decoder_bias: true };

const cases: Record<string, Partial<PlainFields>> = {
  "crammed-bert": {},
  RMSNorm: { norm: "RMSNorm", eps: 1e-6 },
  ScaleNorm: { norm: "ScaleNorm", eps: 1e-5 },
  "a norm that its epsilon bounds": { norm: "ScaleNorm", eps: 3 },
  "post-norm": { norm_scheme: "post" },
  sandwich: { norm_scheme: "sandwich", norm: "RMSNorm", eps: 1e-6, ...biases },
  "no embedding norm, no final norm": { embedding_norm: false, final_norm: false },
  ReLU: { activation: "ReLU" },
  SiLU: { activation: "SiLU" },
  Mish: { activation: "Mish" },
  GELU: { activation: "GELU" },
  ReLUglu: { activation: "ReLUglu" },
  SiLUglu: { activation: "SiLUglu" },
  Mishglu: { activation: "Mishglu", head_transform: true },
  "sinusoidal positions": { position: "sinusoidal" },
  "learned positions": { position: "learned" },
  "no positions": { position: "none" },
  "factorised embedding": { embedding_dim: 4, head_transform: true, ...biases },
  "untied decoder": { tie_weights: false, ...biases },
  "untied decoder behind a factorised embedding": { tie_weights: false, embedding_dim: 4 },
  "untied decoder with a head transform": { tie_weights: false, embedding_dim: 4, head_transform: true, ...biases },
  "head transform with ScaleNorm": { head_transform: true, norm: "ScaleNorm", eps: 1e-5, activation: "SiLU" },
  "biases everywhere": { ...biases, head_transform: true },
  rotary: { rotary: true, position: "none", ...biases },
  "squared ReLU": { activation: "ReLU2" },
  "squared ReLU with a gate": { activation: "ReLU2glu", head_transform: true },
  "normed queries and keys": { qk_norm: true, padded: true },
  "normed queries and keys, rotary, with biases": { qk_norm: true, rotary: true, position: "none", ...biases },
  "normed queries and keys with biases": { qk_norm: true, ...biases },
  "value residual": { value_residual: true, layers: 3 },
  "value residual, normed and rotary": { value_residual: true, qk_norm: true, rotary: true, layers: 3, padded: true },
  "no first norm": { first_norm: false },
  "no first norm in a sandwich": { first_norm: false, norm_scheme: "sandwich" },
  Fourier: { attention: "fourier" },
  "Fourier and rotary": { attention: "fourier", rotary: true },
  "Fourier hybrid": { attention: "fourier-hybrid", hybrid_layers: [1], norm_scheme: "post" },
  "every second feed-forward": { ffn_every: 2, layers: 4 },
  "a second norm in the place of a feed-forward": { ffn_every: 2, names: ["encoder.layers.0.norm2.weight"] },
  "sandwich with every second feed-forward": { ffn_every: 2, norm_scheme: "sandwich" },
  recurrent: { recurrent: 2, layers: 4 },
  deepnorm: { deepnorm: true, norm_scheme: "post" },
  "deepnorm before a pre-norm": { deepnorm: true },
  padded: { padded: true, ...biases },
  "padded and rotary": { padded: true, rotary: true },
  classification: { task: "classification", num_labels: 3, head_dim: 5, padded: true },
  "classification without an inner layer": { task: "classification", num_labels: 3, include_ff_layer: false },
  regression: { task: "regression", num_labels: 1, head_dim: 5, norm: "RMSNorm", eps: 1e-6 },
};

describe("architectures against plain float64 code", () => {
  it.each(Object.entries(cases))("%s", (_, changes) => {
    const fields = { ...base, ...changes };
    const config = modelConfigFromFixture(fields, fields.names as string[] | undefined);
    const plain: PlainParams = {};
    const shapes = parameterShapes(config);
    for (const { name, shape } of shapes) {
      const count = shape.reduce((size, axis) => size * axis, 1);
      const isScale = /norm\d?\.(weight|learnable_scale)$/.test(name);
      plain[name] = Float64Array.from(normals(count, 0.4, name), (value) => value + (isScale ? 1 : 0));
    }
    const params: Params = Object.fromEntries(
      shapes.map(({ name, shape }) => [name, tf.tensor(Float32Array.from(plain[name]!), [...shape])]),
    );
    const ids = [
      [3, 5, 7, 11, 2, 12],
      [1, 1, 4, 9, 0, 6],
    ];
    const masks = fields.padded
      ? [
          [1, 1, 1, 1, 1, 0],
          [1, 1, 1, 1, 0, 0],
        ]
      : undefined;
    const isMasked = fields.task === "mlm";
    const labels = isMasked
      ? [
          [-100, 4, -100, 8, -100, -100],
          [2, -100, -100, 1, -100, -100],
        ]
      : fields.task === "regression"
        ? [[1.5], [-0.25]]
        : [[2], [0]];

    const inputs = {
      inputIds: tf.tensor2d(ids, [2, 6], "int32"),
      ...(masks && { attentionMask: tf.tensor2d(masks, [2, 6], "int32") }),
    };
    const flat = ids.flat();
    const wanted = labels.flat();
    const positions = Int32Array.from(wanted.flatMap((label, i) => (isMasked && label >= 0 ? [i] : [])));
    const targets = positions.map((i) => wanted[i]!);
    const loss = (current: Params): tf.Scalar =>
      isMasked
        ? maskedLanguageModelLoss(current, config, {
            batchSize: 2,
            seqLength: 6,
            inputIds: Int32Array.from(flat),
            positions,
            targets,
            ...(masks && { attentionMask: Int32Array.from(masks.flat()) }),
          })
        : classificationLoss(current, config, inputs, wanted);

    const expectedHidden = ids.map((row, i) => plainHidden(plain, fields, row, masks?.[i])).flat(2);
    const hidden = encode(params, config, inputs).dataSync();
    expectedHidden.forEach((value, i) => {
      expect(hidden[i]).toBeCloseTo(value, 4);
    });
    const plainOf = () => plainLoss(plain, fields, ids, labels, masks);
    expect(loss(params).dataSync()[0]).toBeCloseTo(plainOf(), 5);

    const names = shapes.map(({ name }) => name);
    const gradient = tf.grads((...tensors) =>
      loss(Object.fromEntries(tensors.map((tensor, i) => [names[i]!, tensor]))),
    );
    const grads = gradient(names.map((name) => params[name]!));
    names.forEach((name, index) => {
      const found = grads[index]!.dataSync();
      const values = plain[name]!;
      const stride = Math.max(1, Math.floor(values.length / 3));
      const largest = Math.max(...found.map(Math.abs), 0.01);
      for (let i = 0; i < values.length; i += stride) {
        // The padding row's lookup has no gradient, which a difference quotient does not know.
        if (name.endsWith("word_embedding.weight") && i < (fields.embedding_dim ?? fields.hidden)) continue;
        const value = values[i]!;
        values[i] = value + 1e-5;
        const above = plainOf();
        values[i] = value - 1e-5;
        const below = plainOf();
        values[i] = value;
        expect(Math.abs(found[i]! - (above - below) / 2e-5) / largest, `${name}[${i}]`).toBeLessThan(1e-3);
      }
    });
    tf.disposeVariables();
    tf.dispose([params, grads, Object.values(inputs)]);
  });
});
