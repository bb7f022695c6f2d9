import type { DropoutOptions, NormOptions, Operations } from "./operations/operations.ts";

/** How a parameter gets its first values. */
type Initial =
  /** A weight `[out, in]`, drawn as the configuration's `init` says. */
  | { type: "linear" }
  /** Normal with the configuration's `init.std`; the row `paddingId` is zero. */
  | { type: "normal"; paddingId?: number }
  | { type: "constant"; value: number }
  | { type: "values"; values: () => Float32Array };

/** A parameter as pure data: counting parameters needs no tensors. */
export interface ParameterSpec {
  shape: readonly number[];
  init: Initial;
}

export type ParameterTable = Record<string, ParameterSpec>;

/** What a part of a model sees while it runs. */
export interface Scope<Value> {
  readonly ops: Operations<Value>;
  /** A parameter by its name within the part. */
  param(name: string): Value;
  /** The same for a part inside of this one. */
  within(name: string): Scope<Value>;
  /** `[batch, seq]`, 1 if a position may be attended to. @defaultValue all may */
  readonly mask?: Value;
  /** Whether a position attends to those before it and itself only, as in a causal first part of training. */
  readonly causal: boolean;
  /** The first layer's values, `[batch, seq, heads, headDim]`, for later ones; set by the first. */
  readonly firstValues: { current?: Value };
  /** Factor on the branch of a residual connection; 1 but for a layer that survived layer drop. */
  readonly branchScale: number;
  /** Takes the rows of `[batch, seq, width]` that are read of a mixer's result: `[count, width]`. @defaultValue all are */
  readonly row?: (x: Value) => Value;
  /** Dropout of hidden values; the identity unless the model trains. */
  dropout(x: Value): Value;
  /** The same as options, for an operation with a dropout inside. */
  hiddenDropout(): DropoutOptions | undefined;
  /** Dropout options for a place of its own at this rate; undefined unless the model trains. */
  dropoutAt(rate: number): DropoutOptions | undefined;
}

/**
 * A piece of a model, from a norm to a whole layer: what it owns, under names relative to where it stands, and its forward
 * function `[batch, seq, width]` -> `[batch, seq, width]`, written in `scope.ops`.
 */
export interface Part {
  readonly parameters: ParameterTable;
  run<Value>(x: Value, scope: Scope<Value>): Value;
  /**
   * Of a mixer: whether it returns what `scope.row` takes, if that is there, and computes its last step for those rows alone.
   *
   * @defaultValue false
   */
  takesRows?: boolean;
  /**
   * Of a norm: how `Operations.residualNorm` computes it. Absent if it cannot: then the sum is an operation of its own.
   */
  normOptions?<Value>(scope: Scope<Value>): NormOptions<Value>;
}

/**
 * What flows between the layers: a value, or a sum `x + dropout(branch)` that is still to be computed, by the norm that
 * follows if there is one.
 */
export type Stream<Value> = {
  x: Value;
  /** @defaultValue nothing is left to add */
  branch?: Value;
  /** Of the branch. @defaultValue none */
  dropout?: DropoutOptions;
};

/** A stream as a value. */
export const settled = <Value>({ x, branch, dropout }: Stream<Value>, { ops }: Scope<Value>): Value => {
  if (branch === undefined) return x;
  return ops.add(x, dropout ? ops.dropout(branch, dropout) : branch);
};

/** A stream's value under a norm, and the stream without its open sum. */
export const normedStream = <Value>(
  stream: Stream<Value>,
  norm: Part,
  scope: Scope<Value>,
): { x: Value; normed: Value } => {
  const { x, branch, dropout } = stream;
  if (branch === undefined || !norm.normOptions) {
    const value = settled(stream, scope);
    return { x: value, normed: norm.run(value, scope) };
  }
  const { sum, normed } = scope.ops.residualNorm(x, branch, { ...norm.normOptions(scope), dropout });
  return { x: sum, normed };
};

/** The same if nothing else reads the stream. */
export const normOfStream = <Value>(stream: Stream<Value>, norm: Part, scope: Scope<Value>): Value => {
  const { x, branch, dropout } = stream;
  if (branch === undefined || !norm.normOptions) return norm.run(settled(stream, scope), scope);
  return scope.ops.normOfSum(x, branch, { ...norm.normOptions(scope), dropout });
};

/** `{ norm: part }` -> its parameters as `norm.weight`, ... */
export const parametersOf = (parts: Record<string, Pick<Part, "parameters"> | undefined>): ParameterTable => {
  const table: ParameterTable = {};
  for (const [prefix, part] of Object.entries(parts)) {
    for (const [name, spec] of Object.entries(part?.parameters ?? {})) table[`${prefix}.${name}`] = spec;
  }
  return table;
};

/** The number of trained values. */
export const countParameters = (table: ParameterTable): number =>
  Object.values(table).reduce((total, { shape }) => total + shape.reduce((size, axis) => size * axis, 1), 0);
