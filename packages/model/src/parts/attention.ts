import type { ModelConfig, PartFactory } from "../config.ts";
import type { ParameterTable, Scope } from "../part.ts";
import { linearParameters, runLinear } from "./linear.ts";

const qkvName = "self_attention.query_key_value";

/** The parameters of queries, keys and values, and of the projection of what attention yields. */
export function attentionParameters({ hidden, qkvBias, useBias }: ModelConfig): ParameterTable {
  return {
    ...linearParameters(qkvName, hidden, 3 * hidden, qkvBias),
    ...linearParameters("dense", hidden, hidden, useBias),
  };
}

/** `[batch, seq, hidden]` -> `[batch, seq, 3 * hidden]`, grouped `[heads, 3, headDim]`, rotated where the model is rotary. */
export function projectQkv<Value>(x: Value, scope: Scope<Value>, config: ModelConfig): Value {
  const { hidden, heads, maxSeq } = config;
  const qkv = runLinear(x, scope, qkvName, config.qkvBias);
  return config.rotary ? scope.ops.rotary(qkv, { heads, headDim: hidden / heads, maxSeq }) : qkv;
}

/**
 * The same for attention with a softmax over the keys. A bias of the keys adds the same to all scores of a query, which the
 * softmax does not see: it is left out, so that its gradient is the zero that it is. Rounding would make it a tiny number,
 * which Adam brings up to steps of full size.
 */
export function projectSoftmaxQkv<Value>(x: Value, scope: Scope<Value>, config: ModelConfig): Value {
  if (config.rotary || !config.qkvBias) return projectQkv(x, scope, config);
  const { ops, param } = scope;
  const headDim = config.hidden / config.heads;
  const kept = Float32Array.from({ length: 3 * config.hidden }, (_, i) => (Math.floor(i / headDim) % 3 === 1 ? 0 : 1));
  const bias = ops.mul(param(`${qkvName}.bias`), ops.constant(kept, [3 * config.hidden]));
  return ops.linear(x, param(`${qkvName}.weight`), bias);
}

/** dense(softmax(Q K^T / sqrt(headDim)) V), per head */
export const selfAttention: PartFactory = (config) => ({
  parameters: attentionParameters(config),
  run(x, scope) {
    const dropout = scope.dropoutAt(config.attentionDropout);
    const mixed = scope.ops.attention(projectSoftmaxQkv(x, scope, config), {
      heads: config.heads,
      ...(scope.mask !== undefined && { mask: scope.mask }),
      ...(dropout && { dropout }),
    });
    return runLinear(mixed, scope, "dense", config.useBias);
  },
});
