import { type ModelConfig, mixerAt, type PartFactory, type Place } from "../config.ts";
import type { ParameterTable, Scope } from "../part.ts";
import { tableOnce } from "../tables.ts";
import { linearParameters, runLinear } from "./linear.ts";

const qkvName = "self_attention.query_key_value";
const normNames = ["self_attention.query_norm.weight", "self_attention.key_norm.weight"] as const;
const mixName = "self_attention.value_mix";

/** Under a sum of squares over a head: rounding of half precision stays above it. */
const qkNormEpsilon = 1e-6;

/** The parameters of queries, keys and values. */
export const qkvParameters = (config: ModelConfig, { layer }: Place): ParameterTable => {
  const { hidden, heads, qkvBias, qkNorm, valueResidual } = config;
  const scale = { shape: [hidden / heads], init: { type: "constant", value: 1 } } as const;
  return {
    ...linearParameters(qkvName, hidden, 3 * hidden, qkvBias),
    ...(qkNorm && Object.fromEntries(normNames.map((name) => [name, scale]))),
    ...(valueResidual && layer > 0 && { [mixName]: { shape: [2], init: { type: "constant", value: 0.5 } } as const }),
  };
};

/** These, and the projection of what attention yields. */
export const attentionParameters = (config: ModelConfig, place: Place): ParameterTable => ({
  ...qkvParameters(config, place),
  ...linearParameters("dense", config.hidden, config.hidden, config.useBias),
});

/**
 * `[batch, seq, hidden]` -> `[batch, seq, 3 * hidden]`, grouped `[heads, 3, headDim]`: normed, mixed with the first layer's
 * values and rotated, each if the model does so.
 */
export const projectQkv = <Value>(x: Value, scope: Scope<Value>, config: ModelConfig, place: Place): Value =>
  prepared(runLinear(x, scope, qkvName, config.qkvBias), scope, config, place);

/**
 * The same for attention with a softmax over the keys. A bias of the keys adds the same to all scores of a query, which the
 * softmax does not see: it is left out, so that its gradient is the zero that it is. Rounding would make it a tiny number,
 * which Adam brings up to steps of full size. A key that is rotated or normed shows its bias.
 */
export const projectSoftmaxQkv = <Value>(x: Value, scope: Scope<Value>, config: ModelConfig, place: Place): Value => {
  if (config.rotary || config.qkNorm || !config.qkvBias) return projectQkv(x, scope, config, place);
  const { ops, param } = scope;
  const headDim = config.hidden / config.heads;
  const kept = Float32Array.from({ length: 3 * config.hidden }, (_, i) => (Math.floor(i / headDim) % 3 === 1 ? 0 : 1));
  const bias = ops.mul(param(`${qkvName}.bias`), ops.constant(kept, [3 * config.hidden]));
  return prepared(ops.linear(x, param(`${qkvName}.weight`), bias), scope, config, place);
};

const prepared = <Value>(qkv: Value, scope: Scope<Value>, config: ModelConfig, { layer }: Place): Value => {
  const { ops, param, firstValues } = scope;
  const { hidden, heads, maxLength, qkNorm, valueResidual, localAttention } = config;
  const headDim = hidden / heads;
  let result = qkv;
  if (qkNorm || valueResidual) {
    const parts = ops.split(ops.reshape(qkv, [0, 0, heads, 3 * headDim]), 3); // three of [batch, seq, heads, headDim]
    let [q, k, v] = parts as [Value, Value, Value];
    if (qkNorm)
      [q, k] = [q, k].map((part, i) => ops.rmsNorm(part, param(normNames[i]!), qkNormEpsilon)) as [Value, Value];
    if (valueResidual && layer === 0) firstValues.current = v;
    if (valueResidual && layer > 0) {
      const [own, first] = ops.split(param(mixName), 2) as [Value, Value];
      v = ops.add(ops.mul(v, own), ops.mul(firstValues.current!, first));
    }
    if (qkNorm || layer > 0) result = ops.reshape(ops.concat([q, k, v], 3), [0, 0, 3 * hidden]);
  }
  if (!config.rotary) return result;
  const isLocal = mixerAt(config, layer) === "local-attention";
  const base = isLocal ? localAttention!.rotaryBase : config.rotaryBase;
  return ops.rotary(result, { heads, headDim, maxLength, base });
};

/** Attention of each position to those that its `sight` has, with its scores in memory: no fused kernel has such a mask. */
const mixedInSight = <Value>(
  qkv: Value,
  scope: Scope<Value>,
  sight: Sight,
  { hidden, heads, maxLength, ...config }: ModelConfig,
): Value => {
  const { ops, mask } = scope;
  const parts = ops.split(ops.reshape(qkv, [0, 0, heads, (3 * hidden) / heads]), 3);
  const [q, k, v] = parts.map((part) => ops.transpose(part, [0, 2, 1, 3])) as [Value, Value, Value];
  // From key to query, so that two cuts and a turn in between leave query to key of the sequence's length.
  const table = ops.constant(sightTable(maxLength, sight), [maxLength, maxLength]);
  const ofQueries = ops.transpose(ops.firstRows(table, qkv), [1, 0]);
  const bias = ops.firstRows(ofQueries, qkv); // [seq, seq]
  let scores = ops.add(ops.scale(ops.matMul(q, k, true), (hidden / heads) ** -0.5), bias);
  if (mask !== undefined)
    scores = ops.add(scores, ops.scale(ops.reshape(ops.reshape(mask, [0, 1, -1]), [0, 1, 1, -1]), 1e4, -1e4));
  const weights = ops.softmax(scores);
  const dropout = scope.dropoutAt(config.attentionDropout);
  const mixed = ops.matMul(dropout ? ops.dropout(weights, dropout) : weights, v);
  return ops.reshape(ops.transpose(mixed, [0, 2, 1, 3]), [0, 0, hidden]);
};

/** What a position sees: those up to `reach` before it and itself, and behind it too if it is not causal. */
interface Sight {
  readonly causal: boolean;
  readonly reach: number;
}

/** table[key, query] = 0 if the query may see the key, else so low that the softmax makes it 0. */
const sightTable = (size: number, { causal, reach }: Sight): Float32Array =>
  tableOnce(`sight ${size} ${causal} ${reach}`, () =>
    Float32Array.from({ length: size * size }, (_, at) => {
      const ahead = Math.floor(at / size) - (at % size);
      return Math.abs(ahead) > reach || (causal && ahead > 0) ? -1e4 : 0;
    }),
  );

/** dense(softmax(Q K^T / sqrt(headDim)) V), per head */
export const selfAttention: PartFactory = (config, place) => ({
  parameters: attentionParameters(config, place),
  takesRows: true,
  run(x, scope) {
    const qkv = projectSoftmaxQkv(x, scope, config, place);
    const mixed = scope.causal
      ? mixedInSight(qkv, scope, { causal: true, reach: Number.POSITIVE_INFINITY }, config)
      : mixedAll(qkv, scope, config);
    return runLinear(scope.row ? scope.row(mixed) : mixed, scope, "dense", config.useBias);
  },
});

/**
 * The same, each position attending to those of its neighbourhood alone. A graph has its scores in memory, unless it is for
 * rows alone in which everything is near.
 */
export const localAttention: PartFactory = (config, place) => ({
  parameters: attentionParameters(config, place),
  takesRows: true,
  run(x, scope) {
    const qkv = projectSoftmaxQkv(x, scope, config, place);
    const { reach } = config.localAttention!;
    const isNear = config.maxLength <= reach + 1 || scope.ops.isAtMost(qkv, 1, reach + 1);
    const mixed =
      !scope.causal && (isNear || scope.ops.hasReach)
        ? mixedAll(qkv, scope, config, reach)
        : mixedInSight(qkv, scope, { causal: scope.causal, reach }, config);
    return runLinear(scope.row ? scope.row(mixed) : mixed, scope, "dense", config.useBias);
  },
});

const mixedAll = <Value>(
  qkv: Value,
  scope: Scope<Value>,
  { heads, attentionDropout }: ModelConfig,
  reach?: number,
): Value => {
  const dropout = scope.dropoutAt(attentionDropout);
  return scope.ops.attention(qkv, {
    heads,
    ...(reach !== undefined && { reach }),
    ...(scope.mask !== undefined && { mask: scope.mask }),
    ...(dropout && { dropout }),
  });
};
