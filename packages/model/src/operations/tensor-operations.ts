import * as ops from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import { fourierMatrices } from "./fourier-matrices.ts";
import {
  type Activation,
  composedFeedForward,
  type Elementwise,
  type NormOptions,
  type Operations,
  type Reduction,
} from "./operations.ts";

/** Models on tensors: fused operations of @cramkit/ops if there is one, TensorFlow.js elsewhere. */
export const tensorOperations: Operations<tf.Tensor> = {
  constant: (data, shape) => tf.tensor(data, [...shape]),
  firstRows: (table, like) => tf.slice(table, [0, 0], [like.shape[1]!, table.shape[1]!]),
  size: (x, axis) => tf.scalar(x.shape[axis]!),
  isAtMost: (x, axis, size) => x.shape[axis]! <= size,

  linear: (x, weight, bias) => ops.linear(x, weight, bias),
  embedding: (ids, table, paddingId) => ops.embedding(ids, table, paddingId === undefined ? {} : { paddingId }),
  layerNorm: (x, weight, bias, epsilon) => ops.layerNorm(x, weight, bias, epsilon),
  rmsNorm: (x, weight, epsilon) => ops.rmsNorm(x, weight, epsilon),
  residualNorm(x, branch, norm) {
    const { weight, bias, ...options } = norm;
    if (isSameShape(x, branch)) return ops.residualNorm(x, branch, weight, bias, options);
    const sum = broadcastSum(x, branch, norm);
    return { sum, normed: normOf(sum, norm) };
  },
  normOfSum(x, branch, norm) {
    const { weight, bias, ...options } = norm;
    if (isSameShape(x, branch)) return ops.normOfSum(x, branch, weight, bias, options);
    return normOf(broadcastSum(x, branch, norm), norm);
  },
  attention: (qkv, options) => ops.attention(qkv, options),
  hasReach: true,
  rotary: (qkv, { heads, base }) => ops.rotary(qkv, { heads, base }),
  activate: (x, activation) => activate[activation](x),
  gate: (x, activation) => (activation === "relu2" ? squaredGate(x) : ops.glu(x, activation)),
  gatedFeedForward: (x, layers, activation) =>
    activation === "relu2"
      ? composedFeedForward(tensorOperations, x, layers, activation)
      : ops.gatedFeedForward(x, { ...layers, activation }),
  dropout: (x, options) => ops.dropout(x, options),
  realFourier,

  add: (a, b) => (isSameShape(a, b) ? addSame(a, b) : tf.add(a, b)),
  sub: (a, b) => tf.sub(a, b),
  mul: (a, b) => tf.mul(a, b),
  div: (a, b) => tf.div(a, b),
  scale,
  atLeast: (x, floor) => tf.maximum(x, floor),
  apply: (x, fn) => elementwise[fn](x),
  matMul: (a, b, transposeB = false) => batchedMatMul(a, b, transposeB),
  softmax: (x) => tf.softmax(x),
  cumulativeSum: (x) => tf.cumsum(x, x.rank - 1),
  reduce: (x, how, axes, keepDims = false) => reductions[how](x, [...axes], keepDims),

  reshape,
  transpose: (x, order) => tf.transpose(x, [...order]),
  split: (x, parts) => tf.split(x, parts, x.rank - 1),
  concat: (parts, axis) => tf.concat(parts, axis),
  firstPosition: (x) => tf.reshape(tf.slice(x, [0, 0, 0], [x.shape[0]!, 1, x.shape[2]!]), [x.shape[0]!, x.shape[2]!]),

  detached,
  touch,
  scoped: <Kept>(compute: () => Kept) => tf.tidy(compute as () => tf.TensorContainer) as Kept,
};

const isSameShape = (a: tf.Tensor, b: tf.Tensor): boolean => a.shape.join() === b.shape.join();

/** A mixer of one's own may yield one position for all. */
const broadcastSum = (x: tf.Tensor, branch: tf.Tensor, { dropout }: NormOptions<tf.Tensor>): tf.Tensor =>
  tf.add(x, dropout ? ops.dropout(branch, dropout) : branch);
const normOf = (sum: tf.Tensor, { kind, weight, bias, epsilon }: NormOptions<tf.Tensor>): tf.Tensor =>
  kind === "layer" ? ops.layerNorm(sum, weight, bias, epsilon) : ops.rmsNorm(sum, weight, epsilon);

/** The sum of equal shapes needs nothing for its gradient; TensorFlow.js would keep both terms until then. */
const addSame = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
  tf.customGrad((a, b) => ({
    value: tf.add(a as tf.Tensor, b as tf.Tensor),
    gradFunc: (dy) => [tf.clone(dy), tf.clone(dy)],
  }))(a, b);

/** A product with a number needs the number alone for its gradient; TensorFlow.js would keep `x`. */
function scale(x: tf.Tensor, factor: number, offset = 0): tf.Tensor {
  const scaled = (y: tf.Tensor) => (factor === 1 ? tf.clone(y) : tf.mul(y, factor));
  return tf.customGrad((x) => ({
    value: offset === 0 ? scaled(x as tf.Tensor) : tf.add(scaled(x as tf.Tensor), offset),
    gradFunc: (dy) => scaled(dy as tf.Tensor),
  }))(x);
}

/** As TensorFlow.js's, but its gradient needs the shape alone and keeps no values. */
function reshape(x: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const from = x.shape;
  const to = shape.map((size, axis) => (size === 0 ? from[axis]! : size));
  return tf.customGrad((x) => ({
    value: tf.reshape(x as tf.Tensor, to),
    gradFunc: (dy) => tf.reshape(dy, from),
  }))(x);
}

const activate: Record<Activation, (x: tf.Tensor) => tf.Tensor> = {
  gelu: (x) => ops.gelu(x),
  relu: (x) => tf.relu(x),
  silu: (x) => tf.mul(x, tf.sigmoid(x)),
  mish: (x) => tf.mul(x, tf.tanh(tf.softplus(x))),
  relu2: squaredRelu,
};

/** relu(x)^2, of which the gradient 2 relu(x) needs x alone; TensorFlow.js would keep relu(x), too. */
function squaredRelu(x: tf.Tensor): tf.Tensor {
  return tf.customGrad((x, save) => {
    (save as (tensors: tf.Tensor[]) => void)([x as tf.Tensor]);
    return {
      value: tf.square(tf.relu(x as tf.Tensor)),
      gradFunc: (dy, [x]) => tf.mul(dy, tf.mul(tf.relu(x!), 2)),
    };
  })(x);
}

/** [u, g] -> relu(g)^2 u */
const squaredGate = (x: tf.Tensor): tf.Tensor => {
  const [u, g] = tf.split(x, 2, x.rank - 1) as [tf.Tensor, tf.Tensor];
  return tf.mul(squaredRelu(g), u);
};

const elementwise: Record<Elementwise, (x: tf.Tensor) => tf.Tensor> = {
  exp: (x) => tf.exp(x),
  log: (x) => tf.log(x),
  sqrt: (x) => tf.sqrt(x),
  square: (x) => tf.square(x),
  tanh: (x) => tf.tanh(x),
  relu: (x) => tf.relu(x),
};

const reductions: Record<Reduction, (x: tf.Tensor, axes: number[], keepDims: boolean) => tf.Tensor> = {
  sum: (x, axes, keepDims) => tf.sum(x, axes, keepDims),
  mean: (x, axes, keepDims) => tf.mean(x, axes, keepDims),
  max: (x, axes, keepDims) => tf.max(x, axes, keepDims),
  logSumExp: (x, axes, keepDims) => tf.logSumExp(x, axes, keepDims),
};

/** The gradient of TensorFlow.js's matMul does not sum over broadcast axes: they are broadcast by operations that do. */
const batchedMatMul = (a: tf.Tensor, b: tf.Tensor, transposeB: boolean): tf.Tensor => {
  if (b.rank === 2 && a.rank > 2) {
    const rows = tf.reshape(a, [-1, a.shape.at(-1)!]);
    return tf.reshape(tf.matMul(rows, b, false, transposeB), [...a.shape.slice(0, -1), b.shape[transposeB ? 0 : 1]!]);
  }
  const leading = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const spread = (x: tf.Tensor) => {
    const shape = [...leading, ...x.shape.slice(-2)];
    return x.shape.join() === shape.join() ? x : tf.mul(x, tf.ones([...leading, 1, 1]));
  };
  return tf.matMul(spread(a), spread(b), false, transposeB);
};

/** Linear and its own transpose, so that its gradient is itself and needs no values. */
function realFourier(x: tf.Tensor): tf.Tensor {
  return tf.customGrad((x) => ({
    value: fourierOf(x as tf.Tensor),
    gradFunc: (dy) => fourierOf(dy as tf.Tensor),
  }))(x);
}

/** With F = C + iS, symmetric: Re(F_seq X F_hidden) = C_seq X C_hidden - S_seq X S_hidden. */
const fourierOf = (x: tf.Tensor): tf.Tensor => {
  const [batch, seq, hidden] = x.shape as [number, number, number];
  const along = fourierMatrices(seq);
  const across = fourierMatrices(hidden);
  const both = (part: "real" | "imaginary") => {
    const mixed = batchedMatMul(x, tf.tensor2d(across[part], [hidden, hidden]), false);
    const matrix = tf.tensor3d(along[part], [1, seq, seq]);
    return tf.matMul(batch === 1 ? matrix : tf.tile(matrix, [batch, 1, 1]), mixed);
  };
  return tf.sub(both("real"), both("imaginary"));
};

/** Inside of a custom gradient's forward function nothing is recorded. */
function detached(compute: () => tf.Tensor): tf.Tensor {
  const isolated = tf.customGrad((anchor) => ({
    value: compute(),
    gradFunc: () => tf.zerosLike(anchor as tf.Tensor),
  }));
  return isolated(tf.scalar(0));
}

function touch(x: tf.Tensor, parameters: tf.Tensor[]): tf.Tensor {
  const connected = tf.customGrad((...inputs) => ({
    value: tf.clone(inputs[0] as tf.Tensor),
    gradFunc: (dy) => [tf.clone(dy), ...parameters.map((parameter) => tf.zerosLike(parameter))],
  }));
  return connected(x, ...parameters);
}
