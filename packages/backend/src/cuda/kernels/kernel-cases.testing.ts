import * as tf from "@tensorflow/tfjs-core";

/** Numbers that go up and down, of both signs, 0 among them. */
const wave = (shape: number[], scale = 3): tf.Tensor =>
  tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => scale * Math.sin(i * 1.7)),
    shape,
  );
const positive = (shape: number[]): tf.Tensor => tf.add(tf.abs(wave(shape)), 0.01);
const ints = (shape: number[], limit = 5): tf.Tensor =>
  tf.tensor(
    Int32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => ((i * 7) % (2 * limit + 1)) - limit),
    shape,
    "int32",
  );
const bools = (shape: number[]): tf.Tensor => tf.greater(wave(shape), 0);
const specials = [
  0,
  -0,
  1,
  -1,
  1e-30,
  -1e-30,
  1e-42,
  90,
  -90,
  1e30,
  -1e30,
  Infinity,
  -Infinity,
  NaN,
  0.5,
  -0.5,
  2.5,
  1e5,
];
/** An angle as large as 1e30 has no quadrant in float64: these kernels answer NaN. */
const special = (name: string): tf.Tensor =>
  tf.tensor1d(name === "sin" || name === "cos" ? specials.filter((x) => Math.abs(x) !== 1e30) : specials);

const unary = {
  ...{ abs: tf.abs, ceil: tf.ceil, floor: tf.floor, neg: tf.neg, round: tf.round, sign: tf.sign, square: tf.square },
  ...{ exp: tf.exp, expm1: tf.expm1, log: tf.log, log1p: tf.log1p, sqrt: tf.sqrt, rsqrt: tf.rsqrt, erf: tf.erf },
  ...{ sin: tf.sin, cos: tf.cos, tan: tf.tan, sinh: tf.sinh, cosh: tf.cosh, tanh: tf.tanh, sigmoid: tf.sigmoid },
  ...{ softplus: tf.softplus, relu: tf.relu, relu6: tf.relu6, elu: tf.elu, selu: tf.selu, reciprocal: tf.reciprocal },
  ...{ isNaN: tf.isNaN, isInf: tf.isInf, isFinite: tf.isFinite },
  leakyRelu: (x: tf.Tensor) => tf.leakyRelu(x, 0.3),
  step: (x: tf.Tensor) => tf.step(x, 0.2),
  clip: (x: tf.Tensor) => tf.clipByValue(x, -0.7, 1.2),
  toInt: (x: tf.Tensor) => tf.cast(tf.clipByValue(x, -1e9, 1e9), "int32"),
  toBool: (x: tf.Tensor) => tf.cast(x, "bool"),
};
/** Where tfjs-backend-cpu itself answers something else than IEEE and its documentation: not compared there. */
const oddElsewhere = new Set(["tan", "sinh", "cosh", "selu", "round", "erf", "softplus", "toInt", "toBool"]);

const binary = {
  ...{ add: tf.add, sub: tf.sub, mul: tf.mul, div: tf.div, maximum: tf.maximum, minimum: tf.minimum },
  ...{ squaredDifference: tf.squaredDifference, mod: tf.mod },
  ...{ equal: tf.equal, notEqual: tf.notEqual, less: tf.less, lessEqual: tf.lessEqual },
  ...{ greater: tf.greater, greaterEqual: tf.greaterEqual },
};
const shapes: [number[], number[]][] = [
  [[7], [7]],
  [[300], [1]],
  [[1], [5]],
  [
    [3, 4, 5],
    [4, 1],
  ],
  [
    [2, 1, 3, 1],
    [5, 1, 4],
  ],
  [
    [2, 3, 1, 2, 1, 3],
    [1, 3, 4, 1, 2, 1],
  ],
  [[0, 3], [3]],
];

/** Operations of tfjs-core, each of which has to give on CUDA what tfjs-backend-cpu gives. */
export const kernelCases: Record<string, () => tf.Tensor | tf.Tensor[]> = {
  ...Object.fromEntries(Object.entries(unary).map(([name, f]) => [name, () => f(wave([7, 43]))])),
  ...Object.fromEntries(
    Object.entries(unary).map(([name, f]) => [`${name} of positive numbers`, () => f(positive([301]))]),
  ),
  ...Object.fromEntries(
    Object.entries(unary)
      .filter(([name]) => !oddElsewhere.has(name))
      .map(([name, f]) => [`${name} of special numbers`, () => f(special(name))]),
  ),
  ...Object.fromEntries(
    Object.entries(binary).flatMap(([name, f]) => [
      ...shapes.map(([a, b]) => [`${name} [${a}] [${b}]`, () => f(wave(a), tf.add(wave(b, 2), 0.1))] as const),
      [`${name} of int32`, () => f(ints([3, 11]), tf.add(tf.abs(ints([11])), tf.scalar(1, "int32")))] as const,
    ]),
  ),
  // tfjs-backend-cpu says int32 of a quotient of floats.
  floorDiv: () => [
    tf.cast(tf.floorDiv(wave([61]), tf.add(wave([61], 2), 0.1)), "int32"),
    tf.floorDiv(
      ints([33], 9),
      tf.tensor1d(
        [...Array(33).keys()].map((i) => [2, -3, 4][i % 3]!),
        "int32",
      ),
    ),
  ],
  eluGrad: () => tf.engine().runKernel("EluGrad", { dy: wave([33]), y: wave([33], 0.9) }) as tf.Tensor,
  "int32, other ways around": () => [
    ...[tf.pow(ints([9]), tf.tensor1d([0, 1, 2, 3, 0, 1, 2, 3, 2], "int32")), tf.clipByValue(ints([21]), -2, 3)],
    ...[tf.prod(ints([2, 5]), 0), tf.max(ints([5, 7]), 0), tf.min(ints([5, 7]), 0), tf.argMin(ints([5, 7]), 1)],
    tf.cumprod(ints([3, 4]), 1),
    ...Object.values(tf.topk(ints([3, 9]), 3)),
    tf.scatterND(tf.tensor2d([[2], [0], [2]], [3, 1], "int32"), ints([3, 4]), [4, 4]),
  ],
  pow: () => tf.pow(positive([41]), wave([41])),
  "pow of special numbers": () =>
    tf.pow(
      tf.tensor1d([-2, -2, -2, 0, 0, 4, NaN, 1, 2, 0.5]),
      tf.tensor1d([3, 2, 0.5, 2, -1, 0, 0, NaN, Infinity, 40]),
    ),
  prelu: () => tf.prelu(wave([3, 5]), tf.tensor1d([0.1, 0.2, 0.3, 0.4, 0.5])),
  "logical operations": () => [
    tf.logicalAnd(bools([4, 9]), bools([9])),
    tf.logicalOr(bools([4, 9]), bools([4, 1])),
    tf.logicalNot(bools([31])),
    tf.cast(bools([31]), "float32"),
    tf.cast(bools([31]), "int32"),
    tf.equal(bools([31]), bools([31])),
  ],
  "int32 operations": () => [
    tf.neg(ints([21])),
    tf.abs(ints([21])),
    tf.sign(ints([21])),
    tf.square(ints([21])),
    tf.relu(ints([21])),
    tf.cast(ints([21]), "float32"),
    tf.cast(ints([21]), "bool"),
    tf.sum(ints([3, 21]), 0),
    tf.max(ints([3, 21]), 1),
    tf.min(ints([3, 21])),
    tf.prod(ints([3, 2])),
    tf.cumsum(ints([3, 5]), 1),
    tf.argMax(ints([3, 5]), 1),
    tf.gather(ints([4, 5]), tf.tensor1d([3, 0], "int32")),
    tf.transpose(ints([4, 5])),
    tf.where(bools([21]), ints([21]), tf.neg(ints([21]))),
    tf.addN([ints([21]), ints([21])]),
  ],
  where: () => [tf.where(bools([5, 7]), wave([5, 7]), wave([1, 7])), tf.where(bools([5]), wave([5]), wave([5], 2))],
  addN: () => tf.addN([wave([9]), positive([9]), wave([9], 2)]),
  transpose: () => [
    tf.transpose(wave([5, 7])),
    tf.transpose(wave([2, 3, 4, 5]), [0, 2, 1, 3]),
    tf.transpose(wave([2, 3, 4, 5, 2]), [3, 0, 2, 1, 4]),
    tf.transpose(wave([2, 3, 2, 3, 2, 2]), [5, 4, 3, 2, 1, 0]),
    tf.transpose(wave([1, 5, 1]), [2, 1, 0]),
  ],
  slice: () => [
    tf.slice(wave([9]), 2, 5),
    tf.slice(wave([4, 5, 6]), [1, 2, 0], [2, 3, 6]),
    tf.slice(wave([4, 5]), [1, 2]),
    tf.slice(wave([4, 5]), [1, 2], [0, 2]),
    tf.slice(wave([4, 5]), [0, 0], [4, 5]),
  ],
  stridedSlice: () => [
    tf.stridedSlice(wave([9, 5]), [1, 4], [8, 0], [3, -2]),
    tf.stridedSlice(wave([9]), [8], [0], [-3]),
    tf.stridedSlice(wave([4, 5]), [1, 0], [2, 5], [1, 1], 0, 0, 0, 0, 1),
  ],
  concat: () => [
    tf.concat([wave([2, 3]), wave([2, 1]), wave([2, 4])], 1),
    tf.concat([wave([2, 3]), wave([1, 3])], 0),
    tf.concat([wave([2, 3, 2]), wave([2, 1, 2])], -2),
    tf.concat([bools([3]), bools([2])]),
  ],
  stack: () => [tf.stack([wave([2, 3]), positive([2, 3])], 1), ...tf.unstack(wave([2, 3, 4]), 1)],
  split: () => [...tf.split(wave([4, 6]), 3, 1), ...tf.split(wave([7, 2]), [3, 4], 0), ...tf.split(wave([5]), [2, -1])],
  pad: () => [
    tf.pad(
      wave([3, 4]),
      [
        [1, 2],
        [0, 3],
      ],
      7,
    ),
    tf.pad(wave([3]), [[0, 0]]),
  ],
  tile: () => [tf.tile(wave([2, 3]), [2, 2]), tf.tile(wave([2, 1, 3]), [1, 4, 2])],
  broadcastTo: () => tf.broadcastTo(wave([3, 1]), [2, 3, 4]),
  reverse: () => [tf.reverse(wave([3, 4]), 1), tf.reverse(wave([3, 4, 2])), tf.reverse(wave([9]))],
  reshapes: () => [
    tf.reshape(wave([4, 6]), [3, -1]),
    tf.expandDims(wave([4]), 0),
    tf.squeeze(wave([1, 4])),
    tf.clone(wave([3])),
  ],
  makers: () => [
    ...[
      tf.fill([2, 3], 4),
      tf.zeros([5]),
      tf.ones([5], "int32"),
      tf.range(1, 6, 2),
      tf.range(5, 0, -2, "int32"),
      tf.eye(4),
    ],
    ...[tf.zerosLike(wave([3])), tf.onesLike(ints([3]))],
  ],
  sums: () => [
    tf.sum(wave([3, 50])),
    tf.sum(wave([3, 50]), 1),
    tf.sum(wave([3, 50]), 0),
    tf.sum(wave([3, 5, 7]), 1, true),
    tf.sum(wave([3, 5, 7]), [0, 2]),
    tf.sum(wave([3, 4, 5, 6]), [1, 3], true),
    tf.sum(wave([70, 5]), 0),
    tf.sum(wave([9000])),
    tf.sum(wave([600, 7]), 0),
    tf.sum(wave([0, 4]), 0),
    tf.sum(tf.scalar(3)),
    tf.sum(bools([9])),
  ],
  means: () => [
    tf.mean(wave([3, 50])),
    tf.mean(wave([3, 50]), 1, true),
    tf.mean(ints([3, 5]), 0),
    tf.moments(wave([5, 8]), 1).variance,
  ],
  extremes: () => [
    tf.max(wave([3, 50]), 1),
    tf.min(wave([3, 50]), 0, true),
    tf.max(wave([5000])),
    tf.prod(wave([3, 5]), 1),
    ...[tf.any(bools([3, 5]), 1), tf.any(bools([3, 5]), 0), tf.all(bools([3, 5]), 0), tf.all(bools([3, 5]), 1)],
    ...[tf.prod(wave([3, 5]), 0), tf.max(wave([3, 50]), 0), tf.min(wave([3, 50]), 1)],
    tf.max(tf.tensor1d([1, NaN, 2])),
    tf.argMax(wave([3, 50]), 1),
    tf.argMin(wave([3, 50]), 0),
    tf.argMax(tf.tensor1d([1, 5, 5, 2])),
  ],
  cumulative: () => [
    tf.cumsum(wave([3, 9]), 1),
    tf.cumsum(wave([3, 9]), 0, true, true),
    tf.cumsum(wave([3, 4, 5]), 1, true),
    tf.cumprod(wave([3, 4]), 1),
  ],
  softmax: () => [
    tf.softmax(wave([5, 70])),
    tf.logSoftmax(wave([5, 7])),
    tf.logSumExp(wave([5, 7]), 1),
    // tfjs-core's logSoftmax is made of others; tfjs-backend-cpu has no kernel of that name.
    tf.getBackend() === "cpu"
      ? tf.logSoftmax(wave([5, 71]))
      : (tf.engine().runKernel("LogSoftmax", { logits: wave([5, 71]) }, { axis: 1 }) as tf.Tensor),
    tf.softmax(wave([2, 3, 33])),
  ],
  topk: () => {
    const { values, indices } = tf.topk(wave([3, 77]), 5);
    const ties = tf.topk(tf.tensor1d([1, 3, 3, 2, 3]), 4);
    return [values, indices, ties.values, ties.indices];
  },
  gather: () => [
    tf.gather(wave([5, 3]), tf.tensor1d([4, 0, 0], "int32")),
    tf.gather(
      wave([2, 5, 3]),
      tf.tensor2d(
        [
          [4, 0],
          [1, 1],
        ],
        [2, 2],
        "int32",
      ),
      1,
    ),
    tf.gather(
      wave([2, 5, 3]),
      tf.tensor2d(
        [
          [4, 0],
          [1, 1],
        ],
        [2, 2],
        "int32",
      ),
      1,
      1,
    ),
    tf.gatherND(
      wave([4, 5, 3]),
      tf.tensor2d(
        [
          [3, 4],
          [0, 1],
        ],
        [2, 2],
        "int32",
      ),
    ),
  ],
  scatter: () => [
    tf.scatterND(tf.tensor2d([[4], [1], [4]], [3, 1], "int32"), wave([3, 5]), [6, 5]),
    tf.scatterND(
      tf.tensor2d(
        [
          [1, 2],
          [0, 0],
        ],
        [2, 2],
        "int32",
      ),
      wave([2, 3]),
      [2, 3, 3],
    ),
    tf.unsortedSegmentSum(wave([6, 3]), tf.tensor1d([2, 0, 2, 1, 1, 2], "int32"), 4),
  ],
  oneHot: () => [
    tf.oneHot(tf.tensor1d([2, 0, 7], "int32"), 5),
    tf.oneHot(tf.tensor2d([[2, 0]], [1, 2], "int32"), 3, 2, -1, "float32"),
  ],
  matMul: () => [
    tf.matMul(wave([37, 19]), wave([19, 41])),
    tf.matMul(wave([19, 37]), wave([19, 41]), true),
    tf.matMul(wave([37, 19]), wave([41, 19]), false, true),
    tf.matMul(wave([19, 37]), wave([41, 19]), true, true),
    tf.matMul(wave([2, 3, 5, 4]), wave([2, 3, 4, 6])),
    tf.matMul(wave([3, 5, 4]), wave([4, 6])),
    tf.matMul(wave([1, 5, 4]), wave([3, 4, 6])),
    // tfjs-backend-cpu mixes up batches that both operands repeat.
    tf.getBackend() === "cpu"
      ? tf.matMul(tf.tile(wave([2, 1, 5, 4]), [1, 3, 1, 1]), tf.tile(wave([1, 3, 4, 6]), [2, 1, 1, 1]))
      : tf.matMul(wave([2, 1, 5, 4]), wave([1, 3, 4, 6])),
    tf.matMul(wave([2, 0]), wave([0, 3])),
    tf.matMul(wave([1, 1]), wave([1, 1])),
  ],
};

/** Sums whose terms cancel: tfjs-backend-cpu adds them in float64. */
const isLongSum = new Set(["sums", "means", "matMul", "cumulative"]);

/** What operations give on a backend. */
const valuesOn = async (backend: string, make: () => tf.Tensor | tf.Tensor[]) => {
  await tf.setBackend(backend);
  const tensors = tf.tidy(() => [make()].flat());
  const all = tensors.map((tensor) => ({ shape: tensor.shape, dtype: tensor.dtype, values: [...tensor.dataSync()] }));
  tf.dispose(tensors);
  return all;
};

type Outputs = Awaited<ReturnType<typeof valuesOn>>;

/** What a case gives on both backends, and where the values are further apart than they may be. */
export const compareCase = async (
  name: string,
  backend: string,
): Promise<{ expected: Outputs; got: Outputs; off: string | undefined }> => {
  const make = kernelCases[name]!;
  const tolerance = isLongSum.has(name) ? 1e-5 : 2e-6;
  const expected = await valuesOn("cpu", make);
  const got = await valuesOn(backend, make);
  for (const [i, { values }] of got.entries())
    for (const [j, value] of values.entries()) {
      const wanted = expected[i]!.values[j]!;
      // tfjs-backend-cpu computes in float64: what float32 cannot hold is infinite there a little later.
      const same = Object.is(value, wanted) || value === wanted;
      const error = same ? 0 : Math.abs(value - wanted) / Math.max(1, Math.abs(wanted));
      if (!(error <= tolerance)) return { expected, got, off: `output ${i}, element ${j}: ${value}, not ${wanted}` };
    }
  return { expected, got, off: undefined };
};
