import { registerGradients } from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import {
  classificationLoss,
  classify,
  classifyTokens,
  encode,
  init,
  modelConfig,
  tokenClassificationLoss,
} from "./index.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
  registerGradients();
});

const small = {
  vocabSize: 20,
  hidden: 6,
  layers: 1,
  heads: 2,
  intermediate: 8,
  maxLength: 4,
  init: { type: "normal", std: 0.5 },
} as const;
const inputs = () => ({
  inputIds: tf.tensor2d(
    [
      [3, 7, 9, 2],
      [5, 1, 8, 4],
    ],
    [2, 4],
    "int32",
  ),
  attentionMask: tf.tensor2d(
    [
      [1, 1, 1, 0],
      [1, 1, 1, 1],
    ],
    [2, 4],
    "int32",
  ),
});
const kept = [3, 4]; // positions of each row that the mask leaves

const poolings: Record<"first" | "mean" | "max" | "logsumexp", (values: number[]) => number> = {
  first: (values) => values[0]!,
  mean: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  max: (values) => Math.max(...values),
  logsumexp: (values) => Math.log(values.reduce((sum, value) => sum + Math.exp(value), 0)),
};

describe("heads", () => {
  it.each(Object.entries(poolings))("pool %s over the positions that are not masked", (pooling, pool) => {
    tf.tidy(() => {
      const head = {
        type: "classification",
        labels: 3,
        width: 5,
        pooling: pooling as keyof typeof poolings,
        dropout: 0,
      } as const;
      const config = modelConfig({ ...small, head });
      const params = init(config, 1);
      const hidden = encode(params, config, inputs()).arraySync() as number[][][];
      const rows = hidden.map((row, i) =>
        row[0]!.map((_, c) => pool(row.slice(0, kept[i]).map((position) => position[c]!))),
      );
      const dense = tf.tanh(
        tf.add(
          tf.matMul(tf.tensor2d(rows), params["pooler.dense.weight"] as tf.Tensor2D, false, true),
          params["pooler.dense.bias"]!,
        ),
      );
      const logits = tf.add(
        tf.matMul(dense as tf.Tensor2D, params["head.weight"] as tf.Tensor2D, false, true),
        params["head.bias"]!,
      );
      const found = classify(params, config, inputs()).dataSync();
      logits.dataSync().forEach((value, i) => {
        expect(found[i]).toBeCloseTo(value, 4);
      });
    });
  });

  it.each(Object.keys(poolings))("pool %s over rows that are padding only without a NaN", (pooling) => {
    tf.tidy(() => {
      const head = { type: "classification", labels: 3, width: 5, pooling: pooling as "mean", dropout: 0 } as const;
      const config = modelConfig({ ...small, head });
      const params = init(config, 1);
      const { inputIds, attentionMask } = inputs();
      const padded = { inputIds, attentionMask: tf.mul(attentionMask, tf.tensor2d([[1], [0]], [2, 1], "int32")) };
      const [whole, found] = [classify(params, config, inputs()), classify(params, config, padded)];
      expect([...found.dataSync()].every(Number.isFinite)).toBe(true);
      expect([...found.dataSync()].slice(0, 3)).toEqual([...whole.dataSync()].slice(0, 3));
      const gradient = tf.grad((weight) =>
        classificationLoss({ ...params, "pooler.dense.weight": weight }, config, padded, [1, 2]),
      )(params["pooler.dense.weight"]!);
      expect([...gradient.dataSync()].every(Number.isFinite)).toBe(true);
    });
  });

  it.each(["classification", "token-classification"] as const)("stand on the prediction head: %s", (type) => {
    tf.tidy(() => {
      const labels = { labels: 3, dropout: 0, transform: true } as const;
      const head =
        type === "classification" ? { type, ...labels, width: null, pooling: "mean" as const } : { type, ...labels };
      const config = modelConfig({ ...small, predictionHead: "transform", activation: "gelu-glu", head });
      const params = init(config, 1);
      expect(Object.keys(params).filter((name) => !name.startsWith("encoder."))).toEqual(
        expect.arrayContaining(["prediction_head.dense.weight", "prediction_head.norm.weight", "head.weight"]),
      );
      expect(params["pooler.dense.weight"]).toBeUndefined();
      const hidden = encode(params, config, inputs()).arraySync() as number[][][];
      const rows =
        type === "classification"
          ? hidden.map((row, i) => row[0]!.map((_, c) => poolings.mean(row.slice(0, kept[i]).map((at) => at[c]!))))
          : hidden.flat();
      const linear = (x: tf.Tensor, name: string) => {
        const product = tf.matMul(x as tf.Tensor2D, params[`${name}.weight`] as tf.Tensor2D, false, true);
        const bias = params[`${name}.bias`];
        return bias ? tf.add(product, bias) : product;
      };
      const dense = linear(tf.tensor2d(rows), "prediction_head.dense");
      const activated = tf.mul(tf.mul(dense, 0.5), tf.add(1, tf.erf(tf.div(dense, Math.SQRT2))));
      const { mean, variance } = tf.moments(activated, -1, true);
      const normed = tf.div(tf.sub(activated, mean), tf.sqrt(tf.add(variance, config.normEpsilon)));
      const scaled = tf.add(
        tf.mul(normed, params["prediction_head.norm.weight"]!),
        params["prediction_head.norm.bias"] ?? 0,
      );
      const wanted = linear(scaled, "head").dataSync();
      const run = type === "classification" ? classify : classifyTokens;
      for (const [i, value] of run(params, config, inputs()).dataSync().entries())
        expect(value).toBeCloseTo(wanted[i]!, 4);
    });
  });

  it("score the tokens that have a label", () => {
    tf.tidy(() => {
      const config = modelConfig({ ...small, head: { type: "token-classification", labels: 3, dropout: 0 } });
      const params = init(config, 1);
      const labels = [-100, 2, -100, -100, 0, -100, 1, -100];
      const logits = (classifyTokens(params, config, inputs()).arraySync() as number[][][]).flat();
      const losses = labels.flatMap((label, i) =>
        label < 0 ? [] : [poolings.logsumexp(logits[i]!) - logits[i]![label]!],
      );
      const loss = tokenClassificationLoss(params, config, inputs(), labels);
      expect(loss.dataSync()[0]).toBeCloseTo(poolings.mean(losses), 5);
      const grad = tf.grad((weight) =>
        tokenClassificationLoss({ ...params, "head.weight": weight }, config, inputs(), labels),
      );
      expect(
        grad(params["head.weight"]!)
          .dataSync()
          .some((value) => Math.abs(value) > 1e-3),
      ).toBe(true);
    });
  });
});
