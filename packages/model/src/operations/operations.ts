import type { StreamKey } from "@cramkit/random";

/**
 * The vocabulary in which models are written. A forward function knows only these operations, so that one text of it serves
 * three interpreters: tensors (to train and to predict), an ONNX graph (to export), and shapes (to count operations and
 * memory). `Value` is what an interpreter computes with.
 */
export interface Operations<Value> {
  /** Floats that are part of the model and are not trained. */
  constant(data: Float32Array, shape: readonly number[]): Value;
  /** The first `seq` rows: `table [rows, width]`, `like [batch, seq, ...]` -> `[seq, width]`. */
  firstRows(table: Value, like: Value): Value;
  /** The size of one axis as a float scalar. */
  size(x: Value, axis: number): Value;
  /** Whether it is known, as the operations are asked for, that an axis is at most so long. */
  isAtMost(x: Value, axis: number, size: number): boolean;

  /** `x [..., in]`, `weight [out, in]`, `bias [out]` -> `[..., out]` */
  linear(x: Value, weight: Value, bias?: Value): Value;
  /** `ids [...]`, `table [rows, width]` -> `[..., width]`; the row `paddingId` gets no gradient from here. */
  embedding(ids: Value, table: Value, paddingId?: number): Value;
  layerNorm(x: Value, weight: Value, bias: Value | undefined, epsilon: number): Value;
  rmsNorm(x: Value, weight: Value, epsilon: number): Value;
  /** `sum = x + dropout(branch)` and its norm; both are to be read. */
  residualNorm(x: Value, branch: Value, norm: NormOptions<Value>): { sum: Value; normed: Value };
  /** The norm of a sum that nothing else reads. */
  normOfSum(x: Value, branch: Value, norm: NormOptions<Value>): Value;
  /** `qkv [batch, seq, 3 * hidden]` grouped `[heads, 3, headDim]`, mask `[batch, seq]` -> `[batch, seq, hidden]` */
  attention(qkv: Value, options: AttentionOptions<Value>): Value;
  /** Whether attention takes a `reach`: a graph has no operator for it. */
  readonly hasReach: boolean;
  /** Queries and keys of such a `qkv`, turned with their position; values pass. `seq <= maxLength` */
  rotary(qkv: Value, options: { heads: number; headDim: number; maxLength: number; base: number }): Value;
  activate(x: Value, activation: Activation): Value;
  /** `x [..., 2n]` = [u, g] -> `f(g) * u` `[..., n]` */
  gate(x: Value, activation: Activation): Value;
  /** `linear`, `gate` and `linear`: `x [..., in]` -> `[..., out]`. */
  gatedFeedForward(x: Value, layers: GatedLayers<Value>, activation: Activation): Value;
  dropout(x: Value, options: DropoutOptions): Value;
  /** Real part of the orthonormal 2-D Fourier transform over sequence and hidden: `[batch, seq, hidden]` -> same. */
  realFourier(x: Value, hidden: number): Value;

  /** The four below broadcast as NumPy does. */
  add(a: Value, b: Value): Value;
  sub(a: Value, b: Value): Value;
  mul(a: Value, b: Value): Value;
  div(a: Value, b: Value): Value;
  /** `x * factor + offset` */
  scale(x: Value, factor: number, offset?: number): Value;
  /** `max(x, floor)`, elementwise. */
  atLeast(x: Value, floor: number): Value;
  apply(x: Value, fn: Elementwise): Value;
  /** Over the last two axes; leading axes broadcast. */
  matMul(a: Value, b: Value, transposeB?: boolean): Value;
  softmax(x: Value): Value;
  /** Running sum over the last axis. */
  cumulativeSum(x: Value): Value;
  reduce(x: Value, how: Reduction, axes: readonly number[], keepDims?: boolean): Value;

  /** A 0 keeps the size of that axis, one -1 takes what is left. */
  reshape(x: Value, shape: readonly number[]): Value;
  transpose(x: Value, order: readonly number[]): Value;
  /** Into `parts` equal pieces of the last axis. */
  split(x: Value, parts: number): Value[];
  concat(parts: Value[], axis: number): Value;
  /** `[batch, seq, width]` -> `[batch, width]` of position 0. */
  firstPosition(x: Value): Value;

  /** What `compute` returns, as a constant to the gradient. */
  detached(compute: () => Value): Value;
  /** `x`, as a function of parameters that this run leaves out: their gradients are zero. */
  touch(x: Value, parameters: Value[]): Value;
  /** `compute` with its intermediate values let go at its end; it returns a value, or a record with values. */
  scoped<Kept>(compute: () => Kept): Kept;
}

export interface DropoutOptions {
  rate: number;
  key: StreamKey;
}

export interface NormOptions<Value> {
  /** `rms` has no bias. */
  kind: "layer" | "rms";
  weight: Value;
  /** @defaultValue none */
  bias?: Value;
  epsilon: number;
  /** Of the branch. @defaultValue none */
  dropout?: DropoutOptions;
}

interface AttentionOptions<Value> {
  heads: number;
  mask?: Value;
  /** How many positions to each side a query sees. @defaultValue all */
  reach?: number;
  dropout?: DropoutOptions;
}

/** The layers before and after a gate. */
export interface GatedLayers<Value> {
  /** Weight `[2n, in]` of u and of g, bias `[2n]`. */
  inner: { weight: Value; bias?: Value };
  /** Weight `[out, n]`, bias `[out]`. */
  outer: { weight: Value; bias?: Value };
}

/** {@link Operations.gatedFeedForward} by the operations that it is made of. */
export const composedFeedForward = <Value>(
  { linear, gate }: Pick<Operations<Value>, "linear" | "gate">,
  x: Value,
  { inner, outer }: GatedLayers<Value>,
  activation: Activation,
): Value => linear(gate(linear(x, inner.weight, inner.bias), activation), outer.weight, outer.bias);

/** Functions that an activation or a gate may apply; `gelu` is exact, `relu2` is relu squared (So et al., arXiv 2109.08668). */
export const activations = ["gelu", "relu", "silu", "mish", "relu2"] as const;
export type Activation = (typeof activations)[number];

export type Elementwise = "exp" | "log" | "sqrt" | "square" | "tanh" | "relu";
export type Reduction = "sum" | "mean" | "max" | "logSumExp";
