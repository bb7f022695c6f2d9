import { rotaryTable } from "@cramkit/ops";
import { fourierMatrices } from "./fourier-matrices.ts";
import type { OnnxAttribute, OnnxNode, OnnxTensor } from "./onnx-graph.ts";
import { type OnnxParameter, type OnnxPrecision, onnxWeights } from "./onnx-weights.ts";
import {
  type Activation,
  composedFeedForward,
  type Elementwise,
  type Operations,
  type Reduction,
} from "./operations.ts";

/** The name of a value in the graph. */
type OnnxValue = string;

export interface OnnxBuilder {
  ops: Operations<OnnxValue>;
  nodes: OnnxNode[];
  initializers: OnnxTensor[];
  /** Stores the parameters that nodes read as they are; to be called when the last node is there. */
  finish(): void;
}

export interface OnnxBuilderOptions {
  precision: OnnxPrecision;
  /** What is trained, under the names that the model gives to the operations. */
  parameters: ReadonlyMap<string, OnnxParameter>;
  /**
   * The embedding that the decoder multiplies with.
   * @defaultValue the decoder has a matrix of its own, or there is none
   */
  tiedTable?: string | undefined;
}

/** Operations that compute nothing and write down nodes of ONNX, operator set 17. */
export const onnxBuilder = ({ precision, parameters, tiedTable }: OnnxBuilderOptions): OnnxBuilder => {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const known = new Map<string, OnnxValue>();

  /** One node with one output. */
  const node = (op: string, inputs: OnnxValue[], attributes: Record<string, OnnxAttribute> = {}): OnnxValue => {
    const output = `${op.toLowerCase()}_${nodes.length}`;
    nodes.push({ op, inputs, outputs: [output], attributes });
    return output;
  };
  /** A node that is the same wherever it stands, once. */
  const once = (key: string, make: () => OnnxValue): OnnxValue => {
    const found = known.get(key) ?? make();
    known.set(key, found);
    return found;
  };
  const floats = (data: Float32Array, shape: readonly number[]): OnnxValue => {
    const name = `constant_${initializers.length}`;
    initializers.push({ name, dtype: "F32", shape, data });
    return name;
  };
  /** Tables that layers share, by their identity. */
  const tables = new Map<Float32Array, OnnxValue>();
  const table = (data: Float32Array, shape: readonly number[]): OnnxValue => {
    const found = tables.get(data) ?? floats(data, shape);
    tables.set(data, found);
    return found;
  };
  const number = (value: number): OnnxValue => once(`float ${value}`, () => floats(Float32Array.of(value), []));
  const integers = (values: readonly number[], scalar = false): OnnxValue =>
    once(`int ${values} ${scalar}`, () => {
      const name = `constant_${initializers.length}`;
      const data = BigInt64Array.from(values, BigInt);
      initializers.push({ name, dtype: "I64", shape: scalar ? [] : [values.length], data });
      return name;
    });
  const transposed = (matrix: OnnxValue): OnnxValue =>
    once(`transposed ${matrix}`, () => node("Transpose", [matrix], { perm: [1, 0] }));
  /** int64 [1] */
  const length = (x: OnnxValue, axis: number): OnnxValue =>
    node("Slice", [node("Shape", [x]), integers([axis]), integers([axis + 1]), integers([0])]);

  const unary: Record<Elementwise, (x: OnnxValue) => OnnxValue> = {
    exp: (x) => node("Exp", [x]),
    log: (x) => node("Log", [x]),
    sqrt: (x) => node("Sqrt", [x]),
    square: (x) => node("Mul", [x, x]),
    tanh: (x) => node("Tanh", [x]),
    relu: (x) => node("Relu", [x]),
  };
  const activate: Record<Activation, (x: OnnxValue) => OnnxValue> = {
    gelu(x) {
      const erf = node("Erf", [node("Mul", [x, number(Math.SQRT1_2)])]);
      return node("Mul", [node("Mul", [x, number(0.5)]), node("Add", [erf, number(1)])]);
    },
    relu: unary.relu,
    silu: (x) => node("Mul", [x, node("Sigmoid", [x])]),
    mish: (x) => node("Mul", [x, node("Tanh", [node("Softplus", [x])])]),
    relu2: (x) => unary.square(unary.relu(x)),
  };
  const reduce = (x: OnnxValue, how: Reduction, axes: readonly number[], keepDims: boolean): OnnxValue => {
    const keepdims = keepDims ? 1 : 0;
    if (how === "sum") return node("ReduceSum", [x, integers(axes)], { keepdims });
    const operators = { mean: "ReduceMean", max: "ReduceMax", logSumExp: "ReduceLogSumExp" } as const;
    return node(operators[how], [x], { axes: [...axes], keepdims });
  };
  const split = (x: OnnxValue, parts: number, axis: number): OnnxValue[] => {
    const outputs = Array.from({ length: parts }, (_, i) => `split_${nodes.length}_${i}`);
    nodes.push({ op: "Split", inputs: [x], outputs, attributes: { axis } });
    return outputs;
  };
  const weights = onnxWeights({ node, once, nodes, initializers, integers }, precision, tiedTable);
  const linear = (x: OnnxValue, weight: OnnxValue, bias?: OnnxValue): OnnxValue => {
    const parameter = parameters.get(weight);
    const product = parameter ? weights.product(x, parameter) : node("MatMul", [x, transposed(weight)]);
    return bias === undefined ? product : node("Add", [product, bias]);
  };
  const reshape = (x: OnnxValue, shape: readonly number[]) => node("Reshape", [x, integers(shape)]);
  const transpose = (x: OnnxValue, perm: readonly number[]) => node("Transpose", [x], { perm: [...perm] });
  const scale = (x: OnnxValue, factor: number, offset = 0): OnnxValue => {
    const scaled = factor === 1 ? x : node("Mul", [x, number(factor)]);
    return offset === 0 ? scaled : node("Add", [scaled, number(offset)]);
  };
  const einsum = (equation: string, a: OnnxValue, b: OnnxValue) =>
    node("Einsum", [a, b], { equation: { text: equation } });
  /** The Fourier matrices of as many points as the sequence has, which the graph computes. */
  const sequenceFourier = (x: OnnxValue): { real: OnnxValue; imaginary: OnnxValue } => {
    const points = node("Squeeze", [length(x, 1), integers([0])]);
    const index = node("Range", [integers([0], true), points, integers([1], true)]);
    const product = node("Mul", [node("Unsqueeze", [index, integers([1])]), index]);
    const turns = node("Div", [
      node("Cast", [node("Mod", [product, points])], { to: 1 }),
      node("Cast", [points], { to: 1 }),
    ]);
    const angle = scale(turns, -2 * Math.PI);
    const root = node("Sqrt", [node("Cast", [points], { to: 1 })]);
    return {
      real: node("Div", [node("Cos", [angle]), root]),
      imaginary: node("Div", [node("Sin", [angle]), root]),
    };
  };

  const ops: Operations<OnnxValue> = {
    constant: table,
    firstRows: (table, like) => node("Slice", [table, integers([0]), length(like, 1), integers([0])]),
    isAtMost: () => false,
    size: (x, axis) => node("Cast", [node("Squeeze", [length(x, axis), integers([0])])], { to: 1 }),
    linear,
    embedding(ids, table) {
      const parameter = parameters.get(table);
      return parameter ? weights.rows(ids, parameter) : node("Gather", [table, ids], { axis: 0 });
    },
    layerNorm: (x, weight, bias, epsilon) =>
      node("LayerNormalization", bias === undefined ? [x, weight] : [x, weight, bias], {
        axis: -1,
        epsilon: { float: epsilon },
      }),
    rmsNorm(x, weight, epsilon) {
      const square = reduce(node("Mul", [x, x]), "mean", [-1], true);
      return node("Mul", [node("Div", [x, node("Sqrt", [scale(square, 1, epsilon)])]), weight]);
    },
    residualNorm(x, branch, { kind, weight, bias, epsilon }) {
      const sum = node("Add", [x, branch]);
      const normed = kind === "layer" ? ops.layerNorm(sum, weight, bias, epsilon) : ops.rmsNorm(sum, weight, epsilon);
      return { sum, normed };
    },
    normOfSum: (x, branch, norm) => ops.residualNorm(x, branch, norm).normed,
    hasReach: false,
    attention(qkv, { heads, mask }) {
      // [batch, seq, heads, 3 * headDim] -> three of [batch, heads, seq, headDim]
      const parts = split(reshape(qkv, [0, 0, heads, -1]), 3, -1);
      const [q, k, v] = parts.map((part) => transpose(part, [0, 2, 1, 3])) as [OnnxValue, OnnxValue, OnnxValue];
      const headDim = node("Cast", [length(q, 3)], { to: 1 });
      const scores = node("Div", [einsum("...ij,...kj->...ik", q, k), node("Sqrt", [headDim])]);
      const keys =
        mask === undefined
          ? undefined
          : once(`keys ${mask}`, () => node("Unsqueeze", [scale(mask, 1e9, -1e9), integers([1, 2])]));
      const p = node("Softmax", [keys === undefined ? scores : node("Add", [scores, keys])], { axis: -1 });
      const mixed = transpose(node("MatMul", [p, v]), [0, 2, 1, 3]); // [batch, seq, heads, headDim]
      return node("Reshape", [mixed, integers([0, 0, -1])]);
    },
    rotary(qkv, { heads, headDim, maxLength, base }) {
      const table = once(`rotary ${maxLength} ${headDim} ${base}`, () =>
        floats(rotaryTable(maxLength, headDim, base), [maxLength, headDim]),
      );
      const perPosition = split(ops.firstRows(table, qkv), 2, -1).map((part) => reshape(part, [0, 1, 1, -1]));
      const [cosines, sines] = perPosition as [OnnxValue, OnnxValue]; // [seq, 1, 1, headDim / 2]
      const turn = (x: OnnxValue): OnnxValue => {
        const [a, b] = split(x, 2, -1) as [OnnxValue, OnnxValue];
        const first = node("Sub", [node("Mul", [a, cosines]), node("Mul", [b, sines])]);
        return node("Concat", [first, node("Add", [node("Mul", [b, cosines]), node("Mul", [a, sines])])], { axis: -1 });
      };
      const [q, k, v] = split(reshape(qkv, [0, 0, heads, 3, headDim]), 3, 3) as [OnnxValue, OnnxValue, OnnxValue];
      const turned = node("Concat", [turn(q), turn(k), v], { axis: 3 });
      return reshape(turned, [0, 0, 3 * heads * headDim]);
    },
    activate: (x, activation) => activate[activation](x),
    gatedFeedForward: (x, layers, activation) => composedFeedForward(ops, x, layers, activation),
    gate(x, activation) {
      const [u, g] = split(x, 2, -1) as [OnnxValue, OnnxValue];
      return node("Mul", [activate[activation](g), u]);
    },
    dropout: (x) => x,
    realFourier(x, hidden) {
      const along = sequenceFourier(x);
      const across = fourierMatrices(hidden);
      const both = (part: "real" | "imaginary") => {
        const matrix = once(`fourier ${hidden} ${part}`, () => floats(across[part], [hidden, hidden]));
        return node("MatMul", [along[part], node("MatMul", [x, matrix])]);
      };
      return node("Sub", [both("real"), both("imaginary")]);
    },
    add: (a, b) => node("Add", [a, b]),
    sub: (a, b) => node("Sub", [a, b]),
    mul: (a, b) => node("Mul", [a, b]),
    div: (a, b) => node("Div", [a, b]),
    scale,
    atLeast: (x, floor) => node("Max", [x, number(floor)]),
    apply: (x, fn) => unary[fn](x),
    matMul: (a, b, transposeB = false) => (transposeB ? einsum("...ij,...kj->...ik", a, b) : node("MatMul", [a, b])),
    softmax: (x) => node("Softmax", [x], { axis: -1 }),
    cumulativeSum: (x) => node("CumSum", [x, integers([-1], true)]),
    reduce: (x, how, axes, keepDims = false) => reduce(x, how, axes, keepDims),
    reshape,
    transpose,
    split: (x, parts) => split(x, parts, -1),
    concat: (parts, axis) => node("Concat", parts, { axis }),
    firstPosition: (x) => node("Gather", [x, integers([0], true)], { axis: 1 }),
    detached: (compute) => compute(),
    touch: (x) => x,
    scoped: (compute) => compute(),
  };
  const finish = (): void => {
    const stored = new Set(initializers.map(({ name }) => name));
    for (const name of nodes.flatMap(({ inputs }) => inputs)) {
      const parameter = parameters.get(name);
      if (!parameter || stored.has(name)) continue;
      stored.add(name);
      initializers.push({ ...parameter, dtype: "F32" });
    }
  };
  return { ops, nodes, initializers, finish };
};
