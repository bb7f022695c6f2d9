import { readFileSync } from "node:fs";
import { registerGradients } from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import {
  classificationLoss,
  classify,
  encode,
  type Inputs,
  type ModelConfig,
  maskedLanguageModelLoss,
  modelConfigFromFixture,
  type Params,
  parameterShapes,
  predictTokens,
} from "./index.ts";

interface Entry {
  shape: number[];
  data: Float32Array | Int32Array;
}

/** A safetensors file of float32 and int32 tensors. */
const readFile = (path: string): { metadata: Record<string, string>; tensors: Map<string, Entry> } => {
  const bytes = new Uint8Array(readFileSync(path)).buffer;
  const start = 8 + Number(new DataView(bytes).getBigUint64(0, true));
  const { __metadata__: metadata, ...infos } = JSON.parse(new TextDecoder().decode(bytes.slice(8, start)));
  const tensors = new Map<string, Entry>();
  for (const [name, info] of Object.entries(infos)) {
    const { dtype, shape, data_offsets: offsets } = info as { dtype: string; shape: number[]; data_offsets: number[] };
    const data = bytes.slice(start + offsets[0]!, start + offsets[1]!);
    tensors.set(name, { shape, data: dtype === "I32" ? new Int32Array(data) : new Float32Array(data) });
  }
  return { metadata, tensors };
};

/** Hugging Face names to ours; query, key and value to rows grouped per head. */
const renames: [RegExp, string][] = [
  [/^bert\.embeddings\.word_embeddings/, "encoder.embedding.word_embedding"],
  [/^bert\.embeddings\.position_embeddings/, "encoder.embedding.pos_embedding.embedding"],
  [/^bert\.embeddings\.token_type_embeddings/, "encoder.embedding.token_type_embedding"],
  [/^bert\.embeddings\.LayerNorm/, "encoder.embedding.norm"],
  [/^bert\.encoder\.layer\.(\d+)\.attention\.output\.dense/, "encoder.layers.$1.attn.dense"],
  [/^bert\.encoder\.layer\.(\d+)\.attention\.output\.LayerNorm/, "encoder.layers.$1.norm1"],
  [/^bert\.encoder\.layer\.(\d+)\.intermediate\.dense/, "encoder.layers.$1.ffn.dense_in"],
  [/^bert\.encoder\.layer\.(\d+)\.output\.dense/, "encoder.layers.$1.ffn.dense_out"],
  [/^bert\.encoder\.layer\.(\d+)\.output\.LayerNorm/, "encoder.layers.$1.norm2"],
  [/^cls\.predictions\.bias/, "decoder.bias"],
  [/^cls\.predictions\.transform\.dense/, "prediction_head.dense"],
  [/^cls\.predictions\.transform\.LayerNorm/, "prediction_head.norm"],
];

const under = (tensors: Map<string, Entry>, prefix: string, heads: number): Map<string, Entry> => {
  const out = new Map<string, Entry>();
  for (const [full, entry] of tensors) {
    if (!full.startsWith(prefix)) continue;
    const name = full.slice(prefix.length);
    const query = /^bert\.encoder\.layer\.(\d+)\.attention\.self\.query\.(weight|bias)$/.exec(name);
    if (query) {
      const parts = ["query", "key", "value"].map((role) => tensors.get(full.replace(".query.", `.${role}.`))!.data);
      const block = entry.data.length / heads;
      const data = new Float32Array(3 * entry.data.length);
      for (let head = 0; head < heads; head++) {
        parts.forEach((part, role) => {
          data.set(part.subarray(head * block, (head + 1) * block), (head * 3 + role) * block);
        });
      }
      const target = `encoder.layers.${query[1]}.attn.self_attention.query_key_value.${query[2]}`;
      out.set(target, { shape: [3 * entry.shape[0]!, ...entry.shape.slice(1)], data });
    } else if (!/\.self\.(key|value)\./.test(name)) {
      out.set(
        renames.reduce((current, [from, to]) => current.replace(from, to), name),
        entry,
      );
    }
  }
  return out;
};

/** |a - b| / |b| */
const relativeError = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return Math.sqrt(difference) / Math.max(Math.sqrt(norm), 1e-30);
};

const lossOf = (params: Params, config: ModelConfig, tensors: Map<string, Entry>): tf.Scalar => {
  const ids = tensors.get("batch.input_ids")!;
  const labels = tensors.get("batch.labels")!.data;
  if (config.head.type !== "masked-language-model")
    return classificationLoss(params, config, inputsOf(tensors), labels);
  const positions = Int32Array.from(labels, (_, i) => i).filter((i) => labels[i]! >= 0);
  const [batchSize, seqLength] = ids.shape as [number, number];
  const targets = positions.map((i) => labels[i]!);
  const attentionMask = tensors.get("batch.attention_mask")?.data;
  const batch = { batchSize, seqLength, inputIds: ids.data as Int32Array, positions, targets };
  return maskedLanguageModelLoss(params, config, { ...batch, ...(attentionMask && { attentionMask }) });
};

const inputsOf = (tensors: Map<string, Entry>): Inputs => {
  const ids = tensors.get("batch.input_ids")!;
  const mask = tensors.get("batch.attention_mask");
  return {
    inputIds: tf.tensor(ids.data, ids.shape, "int32"),
    ...(mask && { attentionMask: tf.tensor(mask.data, mask.shape, "int32") }),
  };
};

beforeAll(async () => {
  await tf.setBackend("cpu");
  registerGradients();
});

describe.each(["crammed-v2", "crammed-v2-deep", "crammed-simple", "hf-bert", "crammed-v2-finetune"])(
  "%s, computed independently in float64",
  (name) => {
    const { metadata, tensors } = readFile(new URL(`../fixtures/${name}.safetensors`, import.meta.url).pathname);
    const fields = JSON.parse(metadata.config!);
    const names = [...tensors.keys()].filter((key) => key.startsWith("param.")).map((key) => key.slice(6));
    const config = modelConfigFromFixture(fields, names);
    const weights = under(tensors, "param.", config.heads);
    const paramsOf = () =>
      Object.fromEntries([...weights].map(([key, { data, shape }]) => [key, tf.tensor(data, shape)]));
    const expected = (key: string) => tensors.get(`expect.${key}`)!.data;

    it("has the parameters of its configuration", () => {
      const shapes = Object.fromEntries(parameterShapes(config).map((one) => [one.name, one.shape]));
      expect(shapes).toEqual(Object.fromEntries([...weights].map(([key, { shape }]) => [key, shape])));
    });

    it("yields the loss, the hidden state and the logits", () => {
      tf.tidy(() => {
        const params = paramsOf();
        expect(relativeError(lossOf(params, config, tensors).dataSync(), expected("loss"))).toBeLessThan(1e-5);
        if (config.head.type !== "masked-language-model") {
          expect(
            relativeError(classify(params, config, inputsOf(tensors)).dataSync(), expected("logits")),
          ).toBeLessThan(1e-4);
          return;
        }
        const hidden = encode(params, config, inputsOf(tensors));
        expect(relativeError(hidden.dataSync(), expected("hidden"))).toBeLessThan(1e-4);
        const first = tf.slice(hidden, [0, 0, 0], [hidden.shape[0]!, 4, config.hidden]);
        expect(relativeError(predictTokens(params, config, first).dataSync(), expected("logits"))).toBeLessThan(1e-4);
      });
    });

    it("yields the gradient of every parameter and their norm", () => {
      tf.tidy(() => {
        const params = paramsOf();
        const grads = gradientsOf(params, (current) => lossOf(current, config, tensors));
        let square = 0;
        for (const [key, { data }] of under(tensors, "expect.grad.", config.heads)) {
          const found = grads[key]!.dataSync();
          expect(relativeError(found, data), key).toBeLessThan(1e-3);
          for (const value of found) square += value * value;
        }
        expect(relativeError([Math.sqrt(square)], expected("grad_norm"))).toBeLessThan(1e-4);
      });
    });

    it("follows three steps of AdamW with clipping", () => {
      const { lr, betas, eps, weight_decay: decay, clip } = JSON.parse(metadata.optimizer!);
      const excluded = JSON.parse(metadata.decay_excluded!) as string[];
      const params = paramsOf();
      const moments = Object.fromEntries(
        [...weights].map(([key, { data }]) => [key, [data.map(() => 0), data.map(() => 0)]]),
      );
      const losses: number[] = [];
      for (let step = 1; step <= 3; step++) {
        losses.push(tf.tidy(() => lossOf(params, config, tensors).dataSync()[0]!));
        const grads = gradientsOf(params, (current) => lossOf(current, config, tensors));
        const values = Object.fromEntries(Object.entries(grads).map(([key, grad]) => [key, grad.dataSync()]));
        const squares = Object.values(values).map((grad) =>
          Array.from(grad as ArrayLike<number>).reduce((sum, g) => sum + g * g, 0),
        );
        const norm = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
        for (const [key, grad] of Object.entries(values)) {
          const [mu, nu] = moments[key]!;
          const weight = Float64Array.from(params[key]!.dataSync());
          const shrink = excluded.some((pattern) => key.includes(pattern)) ? 1 : 1 - lr * decay;
          grad.forEach((raw, i) => {
            const g = raw * Math.min(1, clip / (norm + 1e-6));
            mu![i] = betas[0] * mu![i]! + (1 - betas[0]) * g;
            nu![i] = betas[1] * nu![i]! + (1 - betas[1]) * g * g;
            const root = Math.sqrt(nu![i]! / (1 - betas[1] ** step));
            weight[i] = weight[i]! * shrink - (lr * (mu![i]! / (1 - betas[0] ** step))) / (root + eps);
          });
          const { shape } = params[key]!;
          params[key]!.dispose();
          grads[key]!.dispose();
          params[key] = tf.tensor(Float32Array.from(weight), shape);
        }
      }
      expect(relativeError(losses, expected("losses"))).toBeLessThan(1e-5);
      const after3 = under(tensors, "expect.after3.", config.heads);
      expect(after3.size).toBe(weights.size);
      for (const [key, { data }] of after3) {
        const before = weights.get(key)!.data;
        const change = (after: ArrayLike<number>) => Float64Array.from(before, (value, i) => after[i]! - value);
        expect(relativeError(change(params[key]!.dataSync()), change(data)), key).toBeLessThan(2e-2);
      }
      tf.dispose(params);
    });
  },
);

function gradientsOf(params: Params, loss: (params: Params) => tf.Scalar): Record<string, tf.Tensor> {
  const names = Object.keys(params);
  const grads = tf.grads((...tensors) => loss(Object.fromEntries(tensors.map((tensor, i) => [names[i]!, tensor]))));
  return Object.fromEntries(grads(names.map((name) => params[name]!)).map((grad, i) => [names[i]!, grad]));
}
