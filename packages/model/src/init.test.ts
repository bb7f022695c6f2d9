import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { describe, expect, it } from "vitest";
import { encode, init, modelConfig, preset } from "./index.ts";

describe("init", () => {
  const small = { vocabSize: 20, hidden: 64, layers: 2, heads: 2, intermediate: 64, maxLength: 4 } as const;

  it("is a function of the seed", () => {
    const [a, b, c] = [init(modelConfig(small), 1), init(modelConfig(small), 1), init(modelConfig(small), 2)];
    const name = "encoder.layers.1.ffn.dense_in.weight";
    expect(a[name]!.dataSync()).toEqual(b[name]!.dataSync());
    expect(a[name]!.dataSync()).not.toEqual(c[name]!.dataSync());
    expect(
      [...a["encoder.embedding.word_embedding.weight"]!.dataSync().slice(0, 64)].every((value) => value === 0),
    ).toBe(true);
    expect(a["encoder.embedding.pos_embedding.scale_factor"]!.dataSync()[0]).toBeCloseTo(64 ** -0.5, 6);
  });

  it.each([
    ["normal", 0.02],
    ["small", Math.sqrt(2 / (5 * 64))],
    ["megatron", Math.sqrt(1 / (3 * 64))],
    ["wang", 2 / (2 * 8)],
    ["deepnorm", 16 ** -0.25 * Math.sqrt(2 / 128)],
    ["agd-orthogonal", 1 / 8],
  ] as const)("%s has the standard deviation %f", (type, std) => {
    const params = init(modelConfig({ ...small, init: { type, std: 0.02 } }), 3);
    const values = Float64Array.from(params["encoder.layers.0.ffn.dense_in.weight"]!.dataSync());
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan((4 * std) / 64);
    expect(Math.sqrt(variance) / std).toBeCloseTo(1, 1);
    tf.dispose(params);
  });

  it("starts embeddings of bert-tiny as the study does, as its linear weights", () => {
    const { type, std } = preset("bert-tiny").init;
    expect(type).toBe("small");
    expect(std).toBeCloseTo(Math.sqrt(2 / (5 * 384)), 12);
  });

  it("starts flash near an attention of nothing, and untied decoders as linear weights", () => {
    const params = init(modelConfig({ ...small, mixer: "flash", tieWeights: false }), 3);
    const deviation = (name: string) => tf.sqrt(tf.moments(params[name]!).variance).dataSync()[0]!;
    for (const role of ["query", "key"])
      expect(deviation(`encoder.layers.0.attn.self_attention.${role}_gamma`) / 0.02).toBeCloseTo(1, 0);
    expect(deviation("decoder.weight") / 0.02).toBeCloseTo(1, 1);
    expect(params["decoder.weight"]!.shape).toEqual([20, 64]);
    tf.dispose(params);
  });

  it("starts as the identity where outputs are zero, whatever the branches", () => {
    const config = modelConfig({ ...small, zeroOutputs: true, mixer: ["self-attention", "flash"], useBias: true });
    const params = init(config, 3);
    const zero = Object.keys(params).filter((name) => params[name]!.dataSync().every((value) => value === 0));
    const weights = zero.filter((name) => name.endsWith("weight"));
    expect(weights).toEqual(
      [0, 1].flatMap((layer) =>
        ["attn.dense", "ffn.dense_out"].map((part) => `encoder.layers.${layer}.${part}.weight`),
      ),
    );
    const ids = tf.tensor2d([[3, 5, 7, 2]], [1, 4], "int32");
    const bare = encode(params, { ...config, layers: 0, mixer: [] }, { inputIds: ids });
    expect([...encode(params, config, { inputIds: ids }).dataSync()]).toEqual([...bare.dataSync()]);
    tf.dispose(params);
  });

  it("makes orthogonal matrices where asked to", () => {
    const params = init(modelConfig({ ...small, init: { type: "agd-orthogonal", std: 0.02 } }), 3);
    const weight = params["encoder.layers.0.attn.self_attention.query_key_value.weight"]! as tf.Tensor2D; // [192, 64]
    const product = tf.matMul(weight, weight, true, false).dataSync();
    product.forEach((value, i) => {
      expect(value).toBeCloseTo(i % 65 === 0 ? 3 : 0, 4);
    });
    tf.dispose(params);
  });
});
