import { add, div, matMul, mul, sqrt, square, sum, type Tensor, transpose } from "@tensorflow/tfjs-core";
import type { GradientTransformation, Optimizer, Rate, Updated } from "../contracts.ts";
import { checkCount, checkNoMore } from "../state/check.ts";
import { checkPatterns, matchesName, type Pattern } from "../state/patterns.ts";
import { disposeMap, mapTensors } from "../state/tensor-map.ts";
import { chain } from "../transforms/chain.ts";
import { addDecayedWeights, type NoState, scaleByLearningRate } from "../transforms/decay-and-rate.ts";
import { type MomentumOptions, trace } from "../transforms/momentum.ts";
import { toOptimizer } from "../transforms/to-optimizer.ts";
import { groups } from "../wrappers/groups.ts";
import { type AdamwOptions, adamw } from "./adamw.ts";

export interface OrthogonalizeOptions {
  /** Newton-Schulz iterations. */
  iterations?: number;
  /**
   * Steps of AdamW's size, `0.2 sqrt(max(out, in))` for `sqrt(max(1, out / in))`, so that both take the same learning rate
   * (Liu et al., arXiv 2502.16982): `match_rms_adamw` in PyTorch.
   */
  matchRms?: boolean;
}

/** The iteration's polynomial `a x + b x^3 + c x^5`: steep at 0, and within 0.3 of 1 soon after (Jordan et al., 2024). */
const a = 3.4445;
const b = -4.775;
const c = 2.0315;

/**
 * A matrix with the singular vectors of `x` and singular values near 1, times what the shape asks for.
 * `x: [out, in]` -> `[out, in]`, by matrix products only.
 */
const orthogonal = (x: Tensor, iterations: number, matchRms: boolean): Tensor => {
  const [out, inner] = x.shape as [number, number];
  const isTall = out > inner;
  let y: Tensor = div(x, add(sqrt(sum(square(x))), 1e-7));
  if (isTall) y = transpose(y);
  for (let i = 0; i < iterations; i++) {
    const gram = matMul(y, y, false, true);
    y = add(mul(y, a), matMul(add(mul(gram, b), mul(matMul(gram, gram), c)), y));
  }
  const size = matchRms ? 0.2 * Math.sqrt(Math.max(out, inner)) : Math.sqrt(Math.max(1, out / inner));
  return mul(isTall ? transpose(y) : y, size);
};

/** Replaces each matrix by the nearest one with equal singular values, nearly; expects matrices only. */
export const orthogonalize = ({
  iterations = 5,
  matchRms = false,
  ...unknown
}: OrthogonalizeOptions = {}): GradientTransformation<NoState> => {
  checkNoMore("orthogonalize", unknown, "iterations, matchRms");
  checkCount("orthogonalize", { iterations });
  return {
    init(params) {
      const other = Object.keys(params).find((name) => params[name]!.rank !== 2);
      if (other !== undefined) {
        throw new RangeError(
          `orthogonalize: expected matrices, got "${other}" of rank ${params[other]!.rank}; give it to another group`,
        );
      }
      return {};
    },
    update(updates, state) {
      const next = mapTensors(updates, (u) => orthogonal(u, iterations, matchRms));
      disposeMap(updates);
      return { updates: next, state };
    },
  };
};

export interface MuonOptions extends OrthogonalizeOptions, MomentumOptions {
  /** Default: 0.02, or with `matchRms` the 1e-3 of `adamw`. */
  learningRate?: Rate;
  /** Of the hidden matrices. */
  weightDecay?: number;
  /** Names that AdamW updates although they are matrices. Default: embeddings, decoders, heads, poolers, classifiers. */
  notMatrices?: readonly Pattern[];
  /**
   * AdamW for everything else: embeddings, norms, biases, heads. Where it has no rate it takes a twentieth of Muon's, or with
   * `matchRms` the same.
   */
  adamw?: AdamwOptions;
}

/** Embeddings, and the matrices that make logits of hidden states. */
const embeddingsAndHeads: readonly Pattern[] = ["embed", "decoder", "head", "pooler", "classifier"];

const twentieth = (rate: Rate): Rate => (typeof rate === "function" ? (progress) => rate(progress) / 20 : rate / 20);

/**
 * Muon for the hidden matrices, AdamW for the rest (Jordan et al., 2024), as PyTorch's Muon in the precision of the
 * parameters. State: one entry for each of the two groups.
 */
export const muon = ({
  matchRms = false,
  learningRate = matchRms ? 1e-3 : 0.02,
  momentum = 0.95,
  nesterov = true,
  weightDecay = 0.01,
  iterations,
  notMatrices,
  adamw: rest = {},
  ...unknown
}: MuonOptions = {}): Optimizer<Updated> => {
  checkNoMore(
    "muon",
    unknown,
    "matchRms, learningRate, momentum, nesterov, weightDecay, iterations, notMatrices, adamw",
  );
  const both = groups([
    {
      params: (name, param) => param.rank === 2 && !matchesName(name, notMatrices ?? embeddingsAndHeads),
      optimizer: toOptimizer(
        chain(
          trace({ momentum, nesterov }),
          orthogonalize({ iterations, matchRms }),
          addDecayedWeights({ weightDecay }),
          scaleByLearningRate(learningRate),
        ),
      ),
    },
    { optimizer: adamw({ learningRate: matchRms ? learningRate : twentieth(learningRate), ...rest }) },
  ]);
  return {
    ...both,
    init(params) {
      if (notMatrices) checkPatterns("muon", notMatrices, Object.keys(params));
      return both.init(params);
    },
  };
};
