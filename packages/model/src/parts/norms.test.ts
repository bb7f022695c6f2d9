import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, expect, it } from "vitest";
import { encode, init, modelConfig, parameterShapes } from "../index.ts";

beforeAll(() => tf.setBackend("cpu"));

const small = {
  vocabSize: 11,
  hidden: 4,
  layers: 1,
  heads: 1,
  intermediate: 8,
  maxLength: 4,
  position: "none",
} as const;

it("makes rows of length 1 with the norm of the study's first version, and leaves rows of zeros alone", () => {
  // No mixer and no feed-forward: what is left is embedding norm and final norm.
  const config = modelConfig({ ...small, norm: "RMSNorm-v1", mixer: "none", feedForward: "none", zeroOutputs: false });
  const params = init(config, 1);
  expect(params["encoder.final_norm.learnable_scale"]!.dataSync()).toEqual(Float32Array.of(1, 1, 1, 1));
  const output = encode(params, config, { inputIds: tf.tensor2d([[1, 2, 0]], [1, 3], "int32") });
  const [one, two, padding] = (output.arraySync() as number[][][])[0]!;
  for (const row of [one!, two!]) expect(Math.hypot(...row)).toBeCloseTo(1, 5);
  expect(padding).toEqual([0, 0, 0, 0]);
});

it("adds the second norm where a layer has no feed-forward part, as the study's code", () => {
  const config = modelConfig({ ...small, layers: 2, feedForwardEvery: 2 });
  const names = parameterShapes(config).map(({ name }) => name);
  expect(names).toContain("encoder.layers.0.norm2.weight");
  expect(names.some((name) => name.startsWith("encoder.layers.0.ffn"))).toBe(false);
  expect(names.some((name) => name.startsWith("encoder.layers.1.ffn"))).toBe(true);

  const alone = modelConfig({ ...small, mixer: "none", feedForwardEvery: 2, finalNorm: false, embeddingNorm: false });
  const params = init(alone, 3);
  const inputs = { inputIds: tf.tensor2d([[1, 2, 3]], [1, 3], "int32") };
  const words = params["encoder.embedding.word_embedding.weight"]!.arraySync() as number[][];
  const rows = (encode(params, alone, inputs).arraySync() as number[][][])[0]!;
  rows.forEach((row, i) => {
    // The identity mixes norm1(x) into x, and the identity in the place of the feed-forward part norm2 of that.
    const norm = (x: number[]) => {
      const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
      const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
      return x.map((value) => (value - mean) / Math.sqrt(variance + alone.normEpsilon));
    };
    const plus = (x: number[], y: number[]) => x.map((value, k) => value + y[k]!);
    const word = words[i + 1]!;
    const mixed = plus(word, norm(word));
    plus(mixed, norm(mixed)).forEach((value, k) => {
      expect(row[k]).toBeCloseTo(value, 4);
    });
  });
});
