import { fault } from "@cramkit/errors";
import {
  add,
  div,
  matMul,
  maximum,
  mean,
  mul,
  sqrt,
  square,
  sum,
  type Tensor,
  transpose,
  zeros,
} from "@tensorflow/tfjs-core";
import type { GradientTransformation, Optimizer, Rate, TensorMap, Updated } from "../contracts.ts";
import { checkBetas, checkCount, checkNoMore } from "../state/check.ts";
import { checkPatterns, matchesName, type Pattern } from "../state/patterns.ts";
import { disposeMap, mapEach, mapTensors } from "../state/tensor-map.ts";
import { chain } from "../transforms/chain.ts";
import { addDecayedWeights, type NoState, scaleByLearningRate } from "../transforms/decay-and-rate.ts";
import { type MomentumOptions, trace } from "../transforms/momentum.ts";
import { toOptimizer } from "../transforms/to-optimizer.ts";
import { groups } from "../wrappers/groups.ts";
import { type AdamwOptions, adamw } from "./adamw.ts";

/** Polynomials `a x + b x^3 + c x^5`, one for each iteration; further ones repeat the last. */
const iterationsBy = {
  /** Steep at 0, and within 0.3 of 1 soon after (Jordan et al., 2024). */
  "newton-schulz": { safety: 1, coefficients: [[3.4445, -4.775, 2.0315]] },
  /** The best polynomial for what each iteration is given, for five of them (Amsel et al., arXiv 2505.16932). */
  "polar-express": {
    safety: 1.02,
    coefficients: [
      [8.156554524902461, -22.48329292557795, 15.878769915207462],
      [4.042929935166739, -2.808917465908714, 0.5000178451051316],
      [3.8916678022926607, -2.772484153217685, 0.5060648178503393],
      [3.285753657755655, -2.3681294933425376, 0.46449024233003106],
      [2.3465413258596377, -1.7097828382687081, 0.42323551169305323],
    ],
  },
} as const;

export type OrthogonalizeMethod = keyof typeof iterationsBy;
export const orthogonalizeMethods = /* @__PURE__ */ Object.keys(iterationsBy) as OrthogonalizeMethod[];

export interface OrthogonalizeOptions {
  /** @defaultValue "newton-schulz" */
  method?: OrthogonalizeMethod;
  /** @defaultValue 5 */
  iterations?: number;
  /**
   * Steps of AdamW's size, `0.2 sqrt(max(out, in))` for `sqrt(max(1, out / in))`, so that both take the same learning rate
   * (Liu et al., arXiv 2502.16982): `match_rms_adamw` in PyTorch.
   *
   * @defaultValue false
   */
  matchRms?: boolean;
}

/**
 * A matrix with the singular vectors of `x` and singular values near 1, times what the shape asks for.
 * `x: [out, in]` -> `[out, in]`, by matrix products only.
 */
const orthogonal = (x: Tensor, method: OrthogonalizeMethod, iterations: number, matchRms: boolean): Tensor => {
  const { safety, coefficients } = iterationsBy[method];
  const [out, inner] = x.shape as [number, number];
  const isTall = out > inner;
  let y: Tensor = div(x, add(mul(sqrt(sum(square(x))), safety), 1e-7));
  if (isTall) y = transpose(y);
  for (let i = 0; i < iterations; i++) {
    const [a, b, c] = coefficients[Math.min(i, coefficients.length - 1)]!;
    const gram = matMul(y, y, false, true);
    y = add(mul(y, a), matMul(add(mul(gram, b), mul(matMul(gram, gram), c)), y));
  }
  const size = matchRms ? 0.2 * Math.sqrt(Math.max(out, inner)) : Math.sqrt(Math.max(1, out / inner));
  return mul(isTall ? transpose(y) : y, size);
};

const checkMatrices = (where: string, params: TensorMap): void => {
  const other = Object.keys(params).find((name) => params[name]!.rank !== 2);
  if (other !== undefined) {
    throw fault({
      code: "invalid-argument",
      place: where,
      problem: `expected matrices, got "${other}" of rank ${params[other]!.rank}`,
      remedy: "give it to another group",
      type: RangeError,
    });
  }
};

/** Replaces each matrix by the nearest one with equal singular values, nearly; expects matrices only. */
export const orthogonalize = ({
  method = "newton-schulz",
  iterations = 5,
  matchRms = false,
  ...unknown
}: OrthogonalizeOptions = {}): GradientTransformation<NoState> => {
  checkNoMore("orthogonalize", unknown, "method, iterations, matchRms");
  checkCount("orthogonalize", { iterations });
  if (!Object.hasOwn(iterationsBy, method))
    throw fault({
      code: "invalid-argument",
      place: "orthogonalize",
      problem: `expected "method" to be one of ${orthogonalizeMethods.join(", ")}, got ${method}`,
      type: RangeError,
    });
  return {
    init(params) {
      checkMatrices("orthogonalize", params);
      return {};
    },
    update(updates, state) {
      const next = mapTensors(updates, (u) => orthogonal(u, method, iterations, matchRms));
      disposeMap(updates);
      return { updates: next, state };
    },
  };
};

export interface NeuronOptions {
  /**
   * Of the moving average.
   *
   * @defaultValue 0.95
   */
  b2?: number;
}

/**
 * NorMuon (Li et al., arXiv 2510.05491), after `orthogonalize`: rows, one for each neuron, are brought to one size,
 * `nu = b2 nu + (1 - b2) mean of u^2 over the row` and `u / (sqrt(nu) + 1e-10)`, in an update as long as it was before.
 */
export const normalizeNeurons = ({
  b2 = 0.95,
  ...unknown
}: NeuronOptions = {}): GradientTransformation<{ nu: TensorMap }> => {
  checkNoMore("normalizeNeurons", unknown, "b2");
  checkBetas("normalizeNeurons", { b2 });
  return {
    init(params) {
      checkMatrices("normalizeNeurons", params);
      return { nu: mapTensors(params, (param) => zeros([param.shape[0]!, 1])) };
    },
    update(updates, state, params) {
      const next = mapEach(params, (name) => {
        const u = updates[name]!;
        const nu = add(mul(state.nu[name]!, b2), mul(mean(square(u), 1, true), 1 - b2));
        const even = div(u, add(sqrt(nu), 1e-10));
        const length = (x: Tensor) => sqrt(sum(square(x)));
        return { nu, u: mul(even, div(length(u), maximum(length(even), 1e-30))) };
      });
      disposeMap(updates);
      disposeMap(state.nu);
      return { updates: next.u, state: { nu: next.nu } };
    },
  };
};

export interface MuonOptions extends OrthogonalizeOptions, MomentumOptions {
  /** @defaultValue 0.02, or with `matchRms` the 1e-3 of `adamw` */
  learningRate?: Rate;
  /**
   * Of the hidden matrices.
   *
   * @defaultValue 0.01
   */
  weightDecay?: number;
  /**
   * Matrices decay only if the step makes them smaller, too (Chen et al., arXiv 2510.12402).
   *
   * @defaultValue false
   */
  cautious?: boolean;
  /**
   * Rows of an update are brought to one size: NorMuon, see `normalizeNeurons`.
   *
   * @defaultValue false
   */
  neuronwise?: boolean;
  /**
   * Names that AdamW updates although they are matrices.
   *
   * @defaultValue embeddings, decoders, heads, poolers, classifiers
   */
  notMatrices?: readonly Pattern[];
  /**
   * AdamW for everything else: embeddings, norms, biases, heads. Without a rate it takes a twentieth of Muon's, or with
   * `matchRms` the same.
   *
   * @defaultValue the defaults of `adamw`
   */
  adamw?: AdamwOptions;
}

/** Embeddings, and the matrices that make logits of hidden states. */
const embeddingsAndHeads: readonly Pattern[] = ["embed", "decoder", "head", "pooler", "classifier"];

/** Whether Muon itself updates a parameter of this name and rank, unless `notMatrices` says otherwise. */
export const isHiddenMatrix = (name: string, rank: number, notMatrices = embeddingsAndHeads): boolean =>
  rank === 2 && !matchesName(name, notMatrices);

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
  method,
  iterations,
  cautious = false,
  neuronwise = false,
  notMatrices,
  adamw: rest = {},
  ...unknown
}: MuonOptions = {}): Optimizer<Updated> => {
  checkNoMore(
    "muon",
    unknown,
    "matchRms, learningRate, momentum, nesterov, weightDecay, method, iterations, cautious, neuronwise, notMatrices, adamw",
  );
  const both = groups([
    {
      params: (name, { rank }) => isHiddenMatrix(name, rank, notMatrices),
      optimizer: toOptimizer(
        chain(
          trace({ momentum, nesterov }),
          orthogonalize({ method, iterations, matchRms }),
          ...(neuronwise ? [normalizeNeurons()] : []),
          addDecayedWeights({ weightDecay, cautious }),
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
