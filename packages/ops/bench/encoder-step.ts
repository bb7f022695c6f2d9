import * as tf from "@tensorflow/tfjs-core";
import { attention, embedding, gelu, layerNorm, linear, maskedCrossEntropy, optimizerKernels } from "../src/index.ts";
import { integers, uniform } from "../src/spec.ts";

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
}

/** The step of the project's notes: 4 layers of 256, batch 16 x 128, a quarter predicted, vocabulary 8192. */
export const notedStep: StepShape = {
  ...{ layers: 4, hidden: 256, heads: 4, intermediate: 1024 },
  ...{ vocab: 8192, batchSize: 16, seqLength: 128, predicted: 0.25 },
};

/** The step of the quickstart: 2 layers of 128. */
export const quickstartStep: StepShape = { ...notedStep, layers: 2, hidden: 128, heads: 2, intermediate: 512 };

/** Floating-point operations of one step: 6 per weight and token, the decoder only where predicted, and attention. */
export const stepFlops = (shape: StepShape): number => {
  const { layers, hidden, intermediate, vocab, batchSize, seqLength, predicted } = shape;
  const perLayer = 4 * hidden * hidden + 2 * hidden * intermediate;
  const weights = 6 * (layers * perLayer + predicted * vocab * hidden);
  return batchSize * seqLength * (weights + 12 * layers * seqLength * hidden);
};

const initial = (shape: number[], seed: number): tf.Tensor => tf.tensor(uniform(shape, seed, 0.04).values, shape);

const createParams = ({ layers, hidden, intermediate, vocab, seqLength }: StepShape): Record<string, tf.Tensor> => {
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
    params[`${i}.down`] = initial([hidden, intermediate], 10 * i + 6);
  }
  norm("final");
  return params;
};

/** A step to call again and again: returns the loss. `dispose` frees everything. */
export const createStep = (shape: StepShape) => {
  const { layers, hidden, heads, vocab, batchSize, seqLength, predicted } = shape;
  const rows = batchSize * seqLength;
  const count = Math.round(rows * predicted);
  const params = createParams(shape);
  const names = Object.keys(params);
  const states = names.map((name) => [tf.zerosLike(params[name]!), tf.zerosLike(params[name]!)] as const);
  const ids = tf.tensor(integers([batchSize, seqLength], 7, vocab).values, [batchSize, seqLength], "int32");
  const positions = tf.tensor1d(
    Int32Array.from({ length: count }, (_, i) => Math.floor((i * rows) / count)),
    "int32",
  );
  const targets = tf.tensor1d(integers([count], 8, vocab).values as Int32Array, "int32");

  const loss = (...values: tf.Tensor[]): tf.Scalar => {
    const p = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
    const norm = (x: tf.Tensor, name: string) => layerNorm(x, p[`${name}.weight`]!, p[`${name}.bias`]!, 1e-12);
    let x: tf.Tensor = tf.add(embedding(ids, p.words!, { paddingId: 0 }), p.places!);
    for (let i = 0; i < layers; i++) {
      const mixed = attention(linear(norm(x, `${i}.norm1`), p[`${i}.qkv`]!), { heads });
      x = tf.add(x, linear(mixed, p[`${i}.out`]!));
      x = tf.add(x, linear(gelu(linear(norm(x, `${i}.norm2`), p[`${i}.in`]!)), p[`${i}.down`]!));
    }
    const output = tf.reshape(norm(x, "final"), [rows, hidden]);
    return maskedCrossEntropy(output, p.words!, undefined, positions, targets) as tf.Scalar;
  };

  let step = 0;
  const run = (): number => {
    step += 1;
    const { value, grads } = tf.valueAndGrads(loss)(names.map((name) => params[name]!));
    tf.tidy(() =>
      update(
        names.map((name) => params[name]!),
        grads,
        states,
        step,
      ),
    );
    const result = value.dataSync()[0]!;
    tf.dispose([value, ...grads]);
    return result;
  };
  const dispose = () => tf.dispose([...Object.values(params), ...states.flat(), ids, positions, targets]);
  return { run, dispose, params };
};

const settings = { learningRate: 1e-3, b1: 0.9, b2: 0.98, epsilon: 1e-12, weightDecay: 0.01 };

/** Clips at a global norm of 0.5 and applies AdamW, in place: by the kernels, or by hand on a stock backend. */
const update = (
  params: tf.Tensor[],
  grads: tf.Tensor[],
  states: (readonly [tf.Tensor, tf.Tensor])[],
  step: number,
): void => {
  const kernels = optimizerKernels();
  const attrs = { ...settings, correction1: 1 - settings.b1 ** step, correction2: 1 - settings.b2 ** step };
  if (kernels) {
    const scale = tf.minimum(tf.div(0.5, kernels.globalNorm(grads)), 1);
    for (const [i, [mu, nu]] of states.entries()) kernels.adamw(params[i]!, grads[i]!, mu, nu, scale, attrs);
    return;
  }
  const norm = Math.sqrt(grads.reduce((sum, grad) => sum + tf.sum(tf.square(grad)).dataSync()[0]!, 0));
  const scale = Math.min(1, 0.5 / norm);
  for (const [i, [mu, nu]] of states.entries()) adamwOnHost(params[i]!, grads[i]!, mu, nu, scale, attrs);
};

/** Writes through dataSync, which on tfjs's own `cpu` is the tensor itself. */
const adamwOnHost = (
  param: tf.Tensor,
  grad: tf.Tensor,
  mu: tf.Tensor,
  nu: tf.Tensor,
  scale: number,
  a: typeof settings & { correction1: number; correction2: number },
): void => {
  const [p, g, m, v] = [param, grad, mu, nu].map((tensor) => tensor.dataSync() as Float32Array) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  for (let i = 0; i < p.length; i++) {
    const gradient = g[i]! * scale;
    m[i] = a.b1 * m[i]! + (1 - a.b1) * gradient;
    v[i] = a.b2 * v[i]! + (1 - a.b2) * gradient * gradient;
    const stepped = m[i]! / a.correction1 / (Math.sqrt(v[i]! / a.correction2) + a.epsilon);
    p[i] = p[i]! - a.learningRate * (stepped + a.weightDecay * p[i]!);
  }
};
