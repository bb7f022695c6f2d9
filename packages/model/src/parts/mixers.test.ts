import { registerGradients } from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import { type MixerName, modelConfig } from "../index.ts";
import { tensorOperations } from "../operations/tensor-operations.ts";
import { createScope } from "../scope.ts";
import { normals } from "../testing/normals.testing.ts";
import { mixers } from "./mixers.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
  registerGradients();
});

const [seq, hidden, heads, size] = [5, 8, 2, 4];
const config = modelConfig({ vocabSize: 4, hidden, heads, layers: 1, maxLength: seq, useBias: true, qkvBias: true });

type Row = number[];
type Weights = Record<string, Float64Array>;

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);
const linear = (weights: Weights, name: string, x: Row): Row =>
  Array.from(
    weights[`${name}.bias`]!,
    (bias, out) => bias + dot(x, weights[`${name}.weight`]!.subarray(out * x.length, (out + 1) * x.length)),
  );
const sum = (values: Row): number => values.reduce((total, value) => total + value, 0);
const silu = (x: number): number => x / (1 + Math.exp(-x));

/** The mixers by their definitions in float64, for one sequence; the last positions are masked. */
const attentionLike =
  (weigh: (scores: Row[][], weights: Weights, mask: Row) => Row[][]) =>
  (x: Row[], weights: Weights, mask: Row): Row[] => {
    const qkv = x.map((row) => linear(weights, "self_attention.query_key_value", row));
    const part = (head: number, role: number, row: Row) =>
      row.slice((head * 3 + role) * size, (head * 3 + role + 1) * size);
    const each = Array.from({ length: heads }, (_, head) => head);
    const scores = each.map((head) =>
      qkv.map((q) => qkv.map((k) => dot(part(head, 0, q), part(head, 1, k)) / Math.sqrt(size))),
    );
    const p = weigh(scores, weights, mask);
    const core = weights["self_attention.core"];
    return x.map((_, i) => {
      const mixed = Array.from({ length: hidden }, (_, channel) => {
        const own = Math.floor(channel / size);
        const value = (j: number) => part(own, 2, qkv[j]!)[channel % size]!;
        const taken = (head: number) => sum(p[head]![i]!.map((weight, j) => weight * value(j)));
        return core ? sum(each.map((head) => core[head * hidden + channel]! * taken(head))) : taken(own);
      });
      return linear(weights, "dense", mixed);
    });
  };

const overKeys = (change: (scores: Row, mask: Row) => Row) =>
  attentionLike((all, _, mask) => all.map((rows) => rows.map((scores) => change(scores, mask))));
const softmax = (scores: Row, mask: Row): Row => {
  const terms = scores.map((score, j) => mask[j]! * Math.exp(score));
  return terms.map((term) => term / sum(terms));
};
const running = (values: Row): Row => values.map((_, i) => sum(values.slice(0, i + 1)));
const rootSeq = Math.sqrt(seq);

const definitions: Partial<Record<MixerName, (x: Row[], weights: Weights, mask: Row) => Row[]>> = {
  "self-attention": overKeys(softmax),
  tuformer: overKeys(softmax),
  "unnormalized-attention": overKeys((scores, mask) => scores.map((score, j) => (mask[j]! * score) / rootSeq)),
  "cumulative-attention": overKeys((scores, mask) =>
    running(scores.map((score, j) => mask[j]! * score)).map((total, j) => (mask[j]! * total) / rootSeq),
  ),
  "cumulative-exp-attention": overKeys((scores, mask) =>
    running(scores.map((score, j) => mask[j]! * Math.exp(score))).map(
      (total, j) => (mask[j]! * Math.log(total)) / rootSeq,
    ),
  ),
  "normalized-attention": attentionLike((all, weights, mask) => {
    const seen = (_: unknown, position: number) => mask[position] === 1;
    const kept = all.flatMap((rows) => rows.filter(seen).flatMap((scores) => scores.filter(seen)));
    const mean = sum(kept) / kept.length;
    const deviation = Math.sqrt(sum(kept.map((score) => (score - mean) ** 2)) / kept.length + 1e-5);
    return all.map((rows, head) => {
      const [gain, shift] = ["weight", "bias"].map((name) => weights[`self_attention.sequence_op.${name}`]![head]!) as [
        number,
        number,
      ];
      return rows.map((scores) => scores.map((score, j) => mask[j]! * (((score - mean) / deviation) * gain + shift)));
    });
  }),
  "fourier-experimental": (x, weights) =>
    x.map((row) => {
      const spectrum = row.flatMap((_, at) => {
        const angles = row.map(
          (_, from) =>
            -2 *
            Math.PI *
            ((Math.floor(from / size) * Math.floor(at / size)) / heads + ((from % size) * (at % size)) / size),
        );
        const part = (wave: (angle: number) => number) => dot(row, angles.map(wave)) / Math.sqrt(hidden);
        return [part(Math.cos), part(Math.sin)];
      });
      return linear(weights, "dense", linear(weights, "self_attention.projection", spectrum));
    }),
  flash: (x, weights, mask) => {
    const uv = x.map((row) => linear(weights, "self_attention.dense_uv", row).map(silu));
    const z = x.map((row) => linear(weights, "self_attention.dense_z", row).map(silu));
    const affine = (role: string, row: Row) =>
      row.map(
        (value, i) =>
          value * weights[`self_attention.${role}_gamma`]![i]! + weights[`self_attention.${role}_beta`]![i]!,
      );
    return x.map((_, i) => {
      const p = x.map((_, j) => mask[j]! * Math.max(0, dot(affine("query", z[i]!), affine("key", z[j]!)) / seq) ** 2);
      const gated = Array.from(
        { length: 2 * hidden },
        (_, c) => uv[i]![c]! * sum(p.map((weight, j) => weight * uv[j]![2 * hidden + c]!)),
      );
      return linear(weights, "dense", gated);
    });
  },
};

describe("mixers are what their definitions say, forward and gradient", () => {
  it.each(Object.entries(definitions))("%s", (name, define) => {
    const part = mixers[name as MixerName](config, { layer: 0, width: hidden });
    const weights: Weights = {};
    for (const [parameter, { shape }] of Object.entries(part.parameters)) {
      const count = shape.reduce((total, axis) => total * axis, 1);
      weights[parameter] = Float64Array.from(normals(count, 0.5, parameter));
    }
    const names = Object.keys(weights);
    const x = Array.from({ length: seq }, (_, i) => Array.from(normals(hidden, 1, "x", i)));
    const mask = [1, 1, 1, 1, 0];
    const forward = (...tensors: tf.Tensor[]) => {
      const lookup = Object.fromEntries(tensors.map((tensor, i) => [names[i]!, tensor]));
      const scope = createScope(tensorOperations, (parameter) => lookup[parameter]!, { mask: tf.tensor2d([mask]) });
      return part.run(tf.tensor3d([x]) as tf.Tensor, scope);
    };
    const tensors = names.map((parameter) =>
      tf.tensor(Float32Array.from(weights[parameter]!), [...part.parameters[parameter]!.shape]),
    );
    const found = forward(...tensors).dataSync();
    const wanted = () => define(x, weights, mask).flat();
    wanted().forEach((value, i) => {
      expect(found[i]).toBeCloseTo(value, 4);
    });

    const grads = tf.grads((...inputs) => tf.sum(tf.square(forward(...inputs))))(tensors);
    const loss = () => sum(wanted().map((value) => value ** 2));
    names.forEach((parameter, index) => {
      const gradient = Float64Array.from(grads[index]!.dataSync());
      const largest = Math.max(1, ...gradient.map(Math.abs));
      const values = weights[parameter]!;
      for (let i = 0; i < values.length; i += Math.ceil(values.length / 4)) {
        const value = values[i]!;
        values[i] = value + 1e-5;
        const above = loss();
        values[i] = value - 1e-5;
        const below = loss();
        values[i] = value;
        expect(Math.abs(gradient[i]! - (above - below) / 2e-5) / largest, `${parameter}[${i}]`).toBeLessThan(1e-3);
      }
    });
    tf.dispose([tensors, grads]);
  });
});
