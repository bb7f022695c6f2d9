import {
  add,
  cast,
  equal,
  exp,
  log,
  matMul,
  max,
  mul,
  reciprocal,
  reshape,
  slice,
  stack,
  sub,
  sum,
  type Tensor,
  tensor,
  transpose,
} from "@tensorflow/tfjs-core";
import { attentionDropoutMask } from "../dropout-mask.ts";

/** What the kernels get beside the tensors; rate 0 is no dropout. */
export interface AttentionAttrs {
  heads: number;
  rate: number;
  key0: number;
  key1: number;
  /** How far a query sees to each side; 0: everything. */
  reach: number;
}

/** qkv -> q, k, v, each `[batch, heads, seq, headDim]` */
const splitHeads = (qkv: Tensor, heads: number): [Tensor, Tensor, Tensor] => {
  const [batch, seq, width] = qkv.shape as [number, number, number];
  const headDim = width / (3 * heads);
  const grouped = transpose(reshape(qkv, [batch, seq, heads, 3, headDim]), [3, 0, 2, 1, 4]);
  const part = (i: number) => reshape(slice(grouped, i, 1), [batch, heads, seq, headDim]);
  return [part(0), part(1), part(2)];
};

/** 1 if a query sees a key, else 0, in a shape that broadcasts to `[batch, heads, seq, seq]`; undefined if all see all. */
const sightOf = (mask: Tensor | undefined, seq: number, reach: number): Tensor | undefined => {
  const keys = mask && reshape(mask, [mask.shape[0]!, 1, 1, seq]);
  if (reach === 0 || reach >= seq - 1) return keys;
  const isNear = Float32Array.from({ length: seq * seq }, (_, at) =>
    Math.abs(Math.floor(at / seq) - (at % seq)) <= reach ? 1 : 0,
  );
  const near = tensor(isNear, [1, 1, seq, seq]);
  return keys ? mul(keys, near) : near;
};

/** Scaled scores, far below zero out of sight. [batch, heads, seq, seq] */
const maskedScores = (q: Tensor, k: Tensor, sight: Tensor | undefined): Tensor => {
  const scores = mul(matMul(q, k, false, true), (q.shape[3] as number) ** -0.5);
  return sight ? add(mul(scores, sight), mul(sub(sight, 1), 1e30)) : scores;
};

/** exp(scores - lse), exactly 0 out of sight. */
const probabilities = (scores: Tensor, lse: Tensor, sight: Tensor | undefined): Tensor => {
  const shares = exp(sub(scores, reshape(lse, [...lse.shape, 1])));
  return sight ? mul(shares, sight) : shares;
};

const dropMask = ([batch, heads, seq]: number[], { rate, key0, key1 }: AttentionAttrs): Tensor | undefined =>
  rate === 0
    ? undefined
    : tensor(attentionDropoutMask([batch!, heads!, seq!], rate, [key0, key1]), [batch!, heads!, seq!, seq!]);

/** [y `[batch, seq, hidden]`, lse `[batch, heads, seq]`] */
export const attentionReference = (qkv: Tensor, mask: Tensor | undefined, attrs: AttentionAttrs): [Tensor, Tensor] => {
  const [batch, seq, width] = qkv.shape as [number, number, number];
  const [q, k, v] = splitHeads(qkv, attrs.heads);
  const sight = sightOf(mask, seq, attrs.reach);
  const scores = maskedScores(q, k, sight);
  const top = max(scores, 3, true);
  const weights = probabilities(scores, reshape(top, top.shape.slice(0, 3)), sight);
  const total = sum(weights, 3, true);
  const nothing = cast(equal(total, 0), "float32"); // 1 in rows that may attend to nothing
  const divisor = add(total, nothing);
  const p = mul(weights, reciprocal(divisor));
  const drop = dropMask(p.shape, attrs);
  const heads = matMul(drop ? mul(p, drop) : p, v); // [batch, heads, seq, headDim]
  const y = reshape(transpose(heads, [0, 2, 1, 3]), [batch, seq, width / 3]);
  const lse = mul(add(top, log(divisor)), sub(1, nothing));
  return [y, reshape(lse, [batch, attrs.heads, seq])];
};

/**
 * With P the probabilities, M the dropout mask, D = sum of dy y over each head's row:
 * dV = (P M)^T dy, dS = P (dy V^T M - D), dQ = dS K / sqrt(headDim), dK = dS^T Q / sqrt(headDim).
 */
export const attentionGradReference = (
  dy: Tensor,
  qkv: Tensor,
  y: Tensor,
  lse: Tensor,
  mask: Tensor | undefined,
  attrs: AttentionAttrs,
): Tensor => {
  const [batch, seq, width] = qkv.shape as [number, number, number];
  const headDim = width / (3 * attrs.heads);
  const toHeads = (x: Tensor) => transpose(reshape(x, [batch, seq, attrs.heads, headDim]), [0, 2, 1, 3]);
  const [q, k, v] = splitHeads(qkv, attrs.heads);
  const [dyHeads, yHeads] = [toHeads(dy), toHeads(y)];
  const sight = sightOf(mask, seq, attrs.reach);
  const p = probabilities(maskedScores(q, k, sight), lse, sight);
  const drop = dropMask(p.shape, attrs);
  const dv = matMul(drop ? mul(p, drop) : p, dyHeads, true, false);
  const dp = matMul(dyHeads, v, false, true);
  const rowDot = sum(mul(dyHeads, yHeads), 3, true);
  const ds = mul(mul(p, sub(drop ? mul(dp, drop) : dp, rowDot)), headDim ** -0.5);
  const dq = matMul(ds, k);
  const dk = matMul(ds, q, true, false);
  // [3, batch, heads, seq, headDim] -> [batch, seq, heads, 3, headDim]
  return reshape(transpose(stack([dq, dk, dv]), [1, 3, 2, 0, 4]), qkv.shape);
};
