import type { ModelConfig, PartFactory } from "../config.ts";
import type { ParameterTable, Scope } from "../part.ts";
import { attentionParameters, projectQkv, projectSoftmaxQkv, qkvParameters } from "./attention.ts";
import { linearParameters, runLinear } from "./linear.ts";

/** What turns scores `[batch, heads, seq, seq]` into weights of the values. `keys [batch, 1, 1, seq]` is 1 or 0. */
type ScoreOperation = <Value>(scores: Value, keys: Value | undefined, scope: Scope<Value>) => Value;

/** Queries, keys and values, each `[batch, heads, seq, headDim]`. */
const heads = <Value>(qkv: Value, { ops }: Scope<Value>, { heads, hidden }: ModelConfig): [Value, Value, Value] => {
  const split = ops.split(ops.reshape(qkv, [0, 0, heads, (3 * hidden) / heads]), 3);
  return split.map((part) => ops.transpose(part, [0, 2, 1, 3])) as [Value, Value, Value];
};

/** Q K^T / sqrt(headDim) and the mask of keys in its shape. */
const scoresOf = <Value>(q: Value, k: Value, { ops, mask }: Scope<Value>, config: ModelConfig) => {
  const scores = ops.scale(ops.matMul(q, k, true), (config.hidden / config.heads) ** -0.5);
  const keys = mask === undefined ? undefined : ops.reshape(ops.reshape(mask, [0, 1, -1]), [0, 1, 1, -1]);
  return { scores, keys };
};

const attentionBy =
  (operation: ScoreOperation, parameters: (config: ModelConfig) => ParameterTable): PartFactory =>
  (config, place) => ({
    parameters: { ...attentionParameters(config, place), ...parameters(config) },
    run(x, scope) {
      const { ops } = scope;
      const [q, k, v] = heads(projectQkv(x, scope, config, place), scope, config);
      const { scores, keys } = scoresOf(q, k, scope, config);
      const weights = operation(scores, keys, scope);
      const dropout = scope.dropoutAt(config.attentionDropout);
      const mixed = ops.matMul(dropout ? ops.dropout(weights, dropout) : weights, v);
      return runLinear(
        ops.reshape(ops.transpose(mixed, [0, 2, 1, 3]), [0, 0, config.hidden]),
        scope,
        "dense",
        config.useBias,
      );
    },
  });

const masked = <Value>(weights: Value, keys: Value | undefined, { ops }: Scope<Value>): Value =>
  keys === undefined ? weights : ops.mul(weights, keys);

/** x / sqrt(seq) */
const perSequence = <Value>(x: Value, { ops }: Scope<Value>): Value => ops.div(x, ops.apply(ops.size(x, 3), "sqrt"));

/**
 * No softmax: the scores of a sequence, over all heads, queries and keys, are brought to mean 0 and variance 1, then scaled
 * and shifted per head (Richter and Wattenhofer, 2020). Positions that are masked count for nothing, neither as queries nor as
 * keys; in the study's code their scores count as 0.
 */
export const normalizedAttention = attentionBy(
  (scores, keys, scope) => {
    const { ops } = scope;
    const pairs = keys && ops.mul(keys, ops.transpose(keys, [0, 1, 3, 2])); // [batch, 1, seq, seq]
    const average = (x: typeof scores) => {
      if (pairs === undefined) return ops.reduce(x, "mean", [1, 2, 3], true);
      const count = ops.atLeast(ops.mul(ops.reduce(pairs, "sum", [2, 3], true), ops.size(scores, 1)), 1);
      return ops.div(ops.reduce(ops.mul(x, pairs), "sum", [1, 2, 3], true), count);
    };
    const centered = ops.sub(scores, average(scores));
    const deviation = ops.apply(ops.scale(average(ops.apply(centered, "square")), 1, 1e-5), "sqrt");
    const scaled = ops.mul(ops.div(centered, deviation), scope.param("self_attention.sequence_op.weight"));
    return masked(ops.add(scaled, scope.param("self_attention.sequence_op.bias")), keys, scope);
  },
  ({ heads }) => ({
    "self_attention.sequence_op.weight": { shape: [heads, 1, 1], init: { type: "constant", value: 1 } },
    "self_attention.sequence_op.bias": { shape: [heads, 1, 1], init: { type: "constant", value: 0 } },
  }),
);

const nothing = (): ParameterTable => ({});

/** scores / sqrt(seq) */
export const unnormalizedAttention = attentionBy(
  (scores, keys, scope) => masked(perSequence(scores, scope), keys, scope),
  nothing,
);

/** Running sum of the scores over the keys, / sqrt(seq) */
export const cumulativeAttention = attentionBy((scores, keys, scope) => {
  const sums = scope.ops.cumulativeSum(masked(scores, keys, scope));
  return masked(perSequence(sums, scope), keys, scope);
}, nothing);

/** Logarithm of the running sum of exp(scores) over the keys, / sqrt(seq) */
export const cumulativeExpAttention = attentionBy((scores, keys, scope) => {
  const { ops } = scope;
  const top = ops.reduce(scores, "max", [3], true);
  const terms = masked(ops.apply(ops.sub(scores, top), "exp"), keys, scope);
  // A key far below the largest would be log(0).
  const sums = ops.atLeast(ops.cumulativeSum(terms), 1e-30);
  return masked(perSequence(ops.add(ops.apply(sums, "log"), top), scope), keys, scope);
}, nothing);

/**
 * Tunable-head attention (Tuformer): every head's softmax weighs all values, and a trained core says how much of it each
 * channel takes: y_c = sum over heads of core[h, c] (P_h V)_c. It starts as multi-head attention: 1 if c is of head h.
 */
export const tuformer: PartFactory = (config, place) => {
  const { hidden, heads: count, useBias } = config;
  const values = () =>
    Float32Array.from({ length: count * hidden }, (_, i) =>
      Math.floor((i % hidden) / (hidden / count)) === Math.floor(i / hidden) ? 1 : 0,
    );
  return {
    parameters: {
      ...qkvParameters(config, place),
      "self_attention.core": { shape: [count, 1, hidden], init: { type: "values", values } },
      ...linearParameters("dense", hidden, hidden, useBias),
    },
    run(x, scope) {
      const { ops } = scope;
      const [q, k, v] = heads(projectSoftmaxQkv(x, scope, config, place), scope, config);
      const { scores, keys } = scoresOf(q, k, scope, config);
      const bounded = keys === undefined ? scores : ops.add(scores, ops.scale(keys, 10000, -10000));
      const weights = ops.softmax(bounded); // [batch, heads, seq, seq]
      const dropout = scope.dropoutAt(config.attentionDropout);
      const dropped = dropout ? ops.dropout(weights, dropout) : weights;
      const all = ops.reshape(ops.transpose(v, [0, 2, 1, 3]), [0, 0, hidden]); // [batch, seq, hidden]
      const mixed = ops.matMul(ops.reshape(dropped, [0, -1, 0]), all); // [batch, heads * seq, hidden]
      const perHead = ops.reshape(mixed, [0, count, -1, hidden]);
      const taken = ops.reduce(ops.mul(perHead, scope.param("self_attention.core")), "sum", [1]);
      return runLinear(taken, scope, "dense", useBias);
    },
  };
};
