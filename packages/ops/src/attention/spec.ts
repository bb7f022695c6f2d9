import { streamKey } from "@cramkit/random";
import { type OpCase, type OpSpec, type SpecInput, uniform } from "../conformance-case.ts";
import { attentionDropoutMask } from "../dropout-mask.ts";
import { attention } from "./attention.ts";

interface Variant {
  masked?: boolean;
  rate?: number;
  scale?: number;
  reach?: number;
}

/** Every third key is hidden; with more than one example the last one hides all. */
const someKeys = (batch: number, seq: number): SpecInput => ({
  shape: [batch, seq],
  values: Float32Array.from({ length: batch * seq }, (_, i) =>
    (batch > 1 && i >= (batch - 1) * seq) || i % 3 === 1 ? 0 : 1,
  ),
  differentiable: false,
});

const attentionCase = (
  batch: number,
  seq: number,
  heads: number,
  headDim: number,
  { masked = false, rate = 0, scale = 1, reach }: Variant = {},
): OpCase => {
  const hidden = heads * headDim;
  const dropout = { rate, key: streamKey(3, "attention") };
  return {
    name: `batch ${batch}, seq ${seq}, ${heads} x ${headDim}${masked ? ", masked" : ""}${rate ? `, dropout ${rate}` : ""}${scale === 1 ? "" : `, x ${scale}`}${reach === undefined ? "" : `, reach ${reach}`}`,
    inputs: { qkv: uniform([batch, seq, 3 * hidden], 1, scale), ...(masked ? { mask: someKeys(batch, seq) } : {}) },
    run: ({ qkv, mask }) =>
      attention(qkv!, { heads, ...(mask && { mask }), ...(rate && { dropout }), ...(reach && { reach }) }),
    truth: ({ qkv, mask }) => {
      const drop = attentionDropoutMask([batch, heads, seq], rate, dropout.key);
      const y = new Float64Array(batch * seq * hidden);
      const at = (b: number, s: number, h: number, part: number, d: number) =>
        qkv![((b * seq + s) * heads + h) * 3 * headDim + part * headDim + d]!;
      for (let b = 0; b < batch; b++) {
        for (let h = 0; h < heads; h++) {
          for (let i = 0; i < seq; i++) {
            const scores = Array.from({ length: seq }, (_, j) => {
              if (mask && mask[b * seq + j] === 0) return Number.NEGATIVE_INFINITY;
              if (reach !== undefined && Math.abs(i - j) > reach) return Number.NEGATIVE_INFINITY;
              let dot = 0;
              for (let d = 0; d < headDim; d++) dot += at(b, i, h, 0, d) * at(b, j, h, 1, d);
              return dot / Math.sqrt(headDim);
            });
            const top = Math.max(...scores);
            if (top === Number.NEGATIVE_INFINITY) continue;
            const weights = scores.map((score) => Math.exp(score - top));
            const total = weights.reduce((a, c) => a + c, 0);
            for (let j = 0; j < seq; j++) {
              const p = (weights[j]! / total) * drop[((b * heads + h) * seq + i) * seq + j]!;
              for (let d = 0; d < headDim; d++) {
                const index = (b * seq + i) * hidden + h * headDim + d;
                y[index] = y[index]! + p * at(b, j, h, 2, d);
              }
            }
          }
        }
      }
      return y;
    },
    // Scores in the thousands are rounded by 1e-4, and so are the exponents of the softmax.
    tolerance: scale > 1 ? 1e-4 : 2e-5,
  };
};

export const attentionSpec: OpSpec = {
  op: "attention",
  kernels: ["CramkitAttention", "CramkitAttentionGrad", "CramkitLocalAttention", "CramkitLocalAttentionGrad"],
  cases: [
    attentionCase(1, 1, 1, 1),
    attentionCase(1, 3, 1, 7),
    attentionCase(2, 7, 3, 5, { masked: true }),
    attentionCase(3, 23, 2, 8, { rate: 0.3 }),
    attentionCase(2, 100, 1, 16, { masked: true, rate: 0.1 }),
    attentionCase(1, 129, 2, 12),
    attentionCase(1, 64, 1, 64),
    attentionCase(0, 7, 1, 4),
    attentionCase(2, 9, 2, 4, { reach: 1 }),
    attentionCase(1, 9, 2, 4, { reach: 7, masked: true }),
    attentionCase(2, 9, 1, 4, { reach: 8 }),
    attentionCase(2, 131, 2, 5, { reach: 3, masked: true }),
    attentionCase(1, 150, 2, 8, { reach: 70, rate: 0.2 }),
    attentionCase(1, 65, 1, 12, { reach: 20, masked: true, rate: 0.1 }),
    attentionCase(1, 200, 1, 16, { reach: 64 }),
    attentionCase(1, 23, 1, 16, { scale: 40 }),
    attentionCase(2, 150, 1, 8, { masked: true, rate: 0.2 }),
    attentionCase(2, 13, 3, 4, { rate: 0.5 }),
  ],
};
