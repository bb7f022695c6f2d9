import type { PartFactory } from "../config.ts";
import { linearParameters, runLinear } from "./linear.ts";

const keySize = 128;

/**
 * Gated attention unit of FLASH-QUAD, a mixer that needs no feed-forward part beside it. With silu throughout,
 * [u, v] = W_uv x of width 2 hidden each, z = W_z x of width 128, q = gamma_q z + beta_q, k = gamma_k z + beta_k:
 * y = W_o (u * (relu(q k^T / seq)^2 v)) (Hua et al., arXiv 2202.10447). Unlike the study's, it leaves padding
 * out; `seq` is the length of the row with it.
 */
export const flash: PartFactory = ({ hidden, useBias }) => {
  const expanded = 2 * hidden;
  const gamma = { shape: [keySize], init: { type: "normal" } } as const;
  const beta = { shape: [keySize], init: { type: "constant", value: 0 } } as const;
  return {
    parameters: {
      ...linearParameters("self_attention.dense_uv", hidden, 2 * expanded, useBias),
      ...linearParameters("self_attention.dense_z", hidden, keySize, useBias),
      "self_attention.query_gamma": gamma,
      "self_attention.query_beta": beta,
      "self_attention.key_gamma": gamma,
      "self_attention.key_beta": beta,
      ...linearParameters("dense", expanded, hidden, useBias),
    },
    run(x, scope) {
      const { ops, param, mask } = scope;
      const expand = (name: string) => ops.activate(runLinear(x, scope, `self_attention.${name}`, useBias), "silu");
      const [u, v] = ops.split(expand("dense_uv"), 2) as [typeof x, typeof x];
      const z = expand("dense_z");
      const affine = (role: string) =>
        ops.add(ops.mul(z, param(`self_attention.${role}_gamma`)), param(`self_attention.${role}_beta`));
      const scores = ops.div(ops.matMul(affine("query"), affine("key"), true), ops.size(x, 1)); // [batch, seq, seq]
      const weights = ops.apply(ops.apply(scores, "relu"), "square");
      const attended = mask === undefined ? weights : ops.mul(weights, ops.reshape(mask, [0, 1, -1]));
      return runLinear(ops.mul(u, ops.matMul(attended, v)), scope, "dense", useBias);
    },
  };
};
