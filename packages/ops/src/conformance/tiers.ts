import type { OpCase, OpSpec } from "../conformance-case.ts";

/**
 * Operands have eleven bits: half of 2^-10 each, and a little for sums. Inputs above 32 are left to float32: they overflow in
 * products, or make attention scores whose absolute error decides the softmax.
 */
const mixedTolerance = 3e-3;
const suitsF16 = ({ values }: OpCase["inputs"][string]) =>
  values instanceof Int32Array || values.every((value) => Math.abs(value) <= 32);

/** The other ops have one kernel for all tiers. */
const dependOnTier = ["attention", "gatedFeedForward", "linear", "maskedCrossEntropy", "residualNorm", "rotary"];

/** bf16 operands on a CPU have eight bits. Attention and rotary positions stay in float32 there. */
export const bf16Tolerance = 2.4e-2;
const bf16 = { tolerance: bf16Tolerance, ops: ["gatedFeedForward", "linear", "maskedCrossEntropy"] };

/** The same on a card, whose other kernels take and leave halves too. */
const bf16OnCard = [...dependOnTier, "dropout", "gelu", "glu", "layerNorm", "rmsNorm"];

export type Tier = "float32" | "float16" | "matrix" | "bf16" | "bf16 on a card";

/** Those of all cases that say something about a tier of kernels, with the tolerances that hold there. */
export const inTier = (tier: Tier, specs: OpSpec[]): OpSpec[] =>
  tier === "float32"
    ? specs
    : specs
        .filter(({ op }) => opsOf(tier).includes(op))
        .map((spec) => ({
          ...spec,
          cases: spec.cases
            .filter(({ inputs }) => Object.values(inputs).every(suitsF16))
            .map((one) => ({
              ...one,
              tolerance: Math.max(one.tolerance, tier.startsWith("bf16") ? bf16.tolerance : mixedTolerance),
            })),
        }));

const opsOf = (tier: Tier): readonly string[] =>
  tier === "bf16" ? bf16.ops : tier === "bf16 on a card" ? bf16OnCard : dependOnTier;
