import * as tf from "@tensorflow/tfjs-core";
import { integers, uniform } from "../conformance-case.ts";
import {
  type AdamwAttrs,
  attention,
  embedding,
  gatedFeedForward,
  gelu,
  glu,
  layerNorm,
  linear,
  maskedCrossEntropy,
  normOfSum,
  optimizerKernels,
  residualNorm,
} from "../index.ts";

/** A training step of a small pre-LN encoder, written with the ops alone. */
export interface StepShape {
  layers: number;
  hidden: number;
  heads: number;
  intermediate: number;
  vocab: number;
  batchSize: number;
  seqLength: number;
  /** Share of the positions that are predicted. */
  predicted: number;
  /** A GLU halves the intermediate layer. */
  gated?: boolean;
  /** Whether it is written with the ops that take several others' place, and its last layer has the predicted rows alone. Gated. */
  fused?: boolean;
  /** Of attention's probabilities, with the key [step, layer]. @defaultValue none */
  dropout?: number;
}

const initial = (shape: number[], seed: number): tf.Tensor => tf.tensor(uniform(shape, seed, 0.04).values, shape);

const createParams = ({
  layers,
  hidden,
  intermediate,
  vocab,
  seqLength,
  gated,
}: StepShape): Record<string, tf.Tensor> => {
  const params: Record<string, tf.Tensor> = {
    words: initial([vocab, hidden], 1),
    places: initial([seqLength, hidden], 2),
  };
  const norm = (name: string) => {
    params[`${name}.weight`] = tf.ones([hidden]);
    params[`${name}.bias`] = tf.zeros([hidden]);
  };
  for (let i = 0; i < layers; i++) {
    norm(`${i}.norm1`);
    norm(`${i}.norm2`);
    params[`${i}.qkv`] = initial([3 * hidden, hidden], 10 * i + 3);
    params[`${i}.out`] = initial([hidden, hidden], 10 * i + 4);
    params[`${i}.in`] = initial([intermediate, hidden], 10 * i + 5);
    params[`${i}.down`] = initial([hidden, gated ? intermediate / 2 : intermediate], 10 * i + 6);
  }
  norm("final");
  return params;
};

/** A step to call again and again: returns the loss. `dispose` frees everything. */
export const createStep = (shape: StepShape) => {
  const { layers, hidden, heads, vocab, batchSize, seqLength, predicted, gated, fused, dropout: rate = 0 } = shape;
  const rows = batchSize * seqLength;
  const count = Math.round(rows * predicted);
  const params = createParams(shape);
  const names = Object.keys(params);
  const slots = names.map((name): Slot => {
    const param = params[name]!;
    return { param, mu: tf.zerosLike(param), nu: tf.zerosLike(param) };
  });
  const ids = tf.tensor(integers([batchSize, seqLength], 7, vocab).values, [batchSize, seqLength], "int32");
  const positions = tf.tensor1d(
    Int32Array.from({ length: count }, (_, i) => Math.floor((i * rows) / count)),
    "int32",
  );
  const targets = tf.tensor1d(integers([count], 8, vocab).values as Int32Array, "int32");

  let step = 0;
  const loss = (...values: tf.Tensor[]): tf.Scalar => {
    const p = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
    const norm = (x: tf.Tensor, name: string) => layerNorm(x, p[`${name}.weight`]!, p[`${name}.bias`]!, 1e-12);
    let x: tf.Tensor = tf.add(embedding(ids, p.words!, { paddingId: 0 }), p.places!);
    for (let i = 0; i < layers; i++) {
      const mixed = attention(linear(norm(x, `${i}.norm1`), p[`${i}.qkv`]!), { heads });
      x = tf.add(x, linear(mixed, p[`${i}.out`]!));
      const inner = linear(norm(x, `${i}.norm2`), p[`${i}.in`]!);
      x = tf.add(x, linear(gated ? glu(inner, "gelu") : gelu(inner), p[`${i}.down`]!));
    }
    const output = tf.reshape(norm(x, "final"), [rows, hidden]);
    return maskedCrossEntropy(output, p.words!, undefined, positions, targets) as tf.Scalar;
  };

  const fusedLoss = (...values: tf.Tensor[]): tf.Scalar => {
    const p = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
    const norm = (name: string) => [p[`${name}.weight`]!, p[`${name}.bias`]!] as const;
    const options = { kind: "layer" as const, epsilon: 1e-12 };
    let x: tf.Tensor = tf.add(embedding(ids, p.words!, { paddingId: 0 }), p.places!);
    let normed = layerNorm(x, ...norm("0.norm1"), 1e-12);
    for (let i = 0; i < layers; i++) {
      const dropout = { rate, key: [step, i] as [number, number] };
      let mixed = attention(linear(normed, p[`${i}.qkv`]!), { heads, dropout });
      const isLast = i === layers - 1;
      if (isLast)
        [x, mixed] = [x, mixed].map((y) => embedding(positions, tf.reshape(y, [rows, hidden]))) as [
          tf.Tensor,
          tf.Tensor,
        ];
      const middle = residualNorm(x, linear(mixed, p[`${i}.out`]!), ...norm(`${i}.norm2`), options);
      const layer = {
        inner: { weight: p[`${i}.in`]! },
        outer: { weight: p[`${i}.down`]! },
        activation: "gelu" as const,
      };
      const branch = gatedFeedForward(middle.normed, layer);
      if (isLast) {
        const output = normOfSum(middle.sum, branch, ...norm("final"), options);
        return maskedCrossEntropy(output, p.words!, undefined, tf.range(0, count, 1, "int32"), targets) as tf.Scalar;
      }
      ({ sum: x, normed } = residualNorm(middle.sum, branch, ...norm(`${i + 1}.norm1`), options));
    }
    throw new RangeError("createStep: expected a layer");
  };

  const gradients = () => {
    const { value, grads } = tf.valueAndGrads(fused ? fusedLoss : loss)(slots.map(({ param }) => param));
    const result = grads.map((grad) => Float32Array.from(grad.dataSync()));
    tf.dispose([value, ...grads]);
    return result;
  };

  /** A step that reads nothing: the loss, on the device. */
  const take = (learningRate = settings.learningRate): tf.Tensor => {
    step += 1;
    const { value, grads } = tf.valueAndGrads(fused ? fusedLoss : loss)(slots.map(({ param }) => param));
    tf.tidy(() => update(slots, grads, step, learningRate));
    tf.dispose(grads);
    return value;
  };
  const run = (learningRate?: number): number => {
    const value = take(learningRate);
    const result = value.dataSync()[0]!;
    value.dispose();
    return result;
  };
  const dispose = () => {
    tf.dispose([ids, positions, targets]);
    for (const { param, mu, nu } of slots) tf.dispose([param, mu, nu]);
  };
  return { run, take, gradients, dispose, params: () => slots.map(({ param }) => param) };
};

const settings = { learningRate: 1e-3, b1: 0.9, b2: 0.98, epsilon: 1e-12 };
const weightDecay = 0.01;

/** A weight and the moments of its gradient. */
interface Slot {
  param: tf.Tensor;
  mu: tf.Tensor;
  nu: tf.Tensor;
}

/** Clips at a global norm of 0.5 and applies AdamW: in place by the kernels, or with tfjs operations elsewhere. */
const update = (slots: Slot[], grads: tf.Tensor[], step: number, learningRate: number): void => {
  const kernels = optimizerKernels();
  const attrs = {
    ...settings,
    learningRate,
    correction1: 1 - settings.b1 ** step,
    correction2: 1 - settings.b2 ** step,
  };
  const norm = kernels?.globalNorm(grads) ?? tf.sqrt(tf.addN(grads.map((grad) => tf.sum(tf.square(grad)))));
  const scale = tf.minimum(tf.div(0.5, norm), 1);
  if (kernels) {
    const updates = slots.map(({ param, mu, nu }, i) => ({ param, mu, nu, grad: grads[i]!, weightDecay }));
    kernels.adamw(updates, scale, attrs);
    return;
  }
  for (const [i, slot] of slots.entries()) composedAdamw(slot, tf.mul(grads[i]!, scale), attrs);
};

const composedAdamw = (slot: Slot, grad: tf.Tensor, a: AdamwAttrs): void => {
  const { param, mu, nu } = slot;
  slot.mu = tf.keep(tf.add(tf.mul(mu, a.b1), tf.mul(grad, 1 - a.b1)));
  slot.nu = tf.keep(tf.add(tf.mul(nu, a.b2), tf.mul(tf.square(grad), 1 - a.b2)));
  const scaled = tf.div(slot.mu, tf.mul(tf.add(tf.sqrt(tf.div(slot.nu, a.correction2)), a.epsilon), a.correction1));
  slot.param = tf.keep(tf.sub(param, tf.mul(tf.add(scaled, tf.mul(param, weightDecay)), a.learningRate)));
  tf.dispose([param, mu, nu]);
};
