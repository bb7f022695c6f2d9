import { type ForwardOptions, type ModelConfig, type Params, type StepSeed, valueAndNamedGrads } from "@cramkit/model";
import type { Evaluate, Gradients, OptimizerState } from "@cramkit/optim";
import type { MaskedBatch } from "@cramkit/packer";
import { fillUniform, streamKey } from "@cramkit/random";
import type { GradFn, Progress } from "@cramkit/trainer";
import {
  cast,
  cumsum,
  less,
  logSumExp,
  mean,
  minimum,
  mul,
  oneHot,
  reciprocal,
  type Scalar,
  softmax,
  sub,
  sum,
  type Tensor,
  tensor2d,
  tidy,
} from "@tensorflow/tfjs-core";
import { maskedLogits } from "../model/masked-logits.ts";
import { disposeTensors, type NamedTensors } from "../named-tensors.ts";
import type { TrainingLoss } from "../recipe/training-loss.ts";
import { truncateRows, unfoldRows } from "./cut-rows.ts";
import { nextTokens } from "./next-tokens.ts";

/** A microbatch to differentiate: of what, at which weights, under which dropout, with which factor. */
export interface GradientStep extends ForwardOptions {
  /** Borrowed. */
  readonly params: NamedTensors;
  readonly batch: MaskedBatch;
  /** @defaultValue the loss is not scaled */
  readonly scale?: Tensor | undefined;
  /** The loss of that batch. */
  readonly lossOf: (params: Params, batch: MaskedBatch) => Scalar;
}

/** The loss and the gradients of a microbatch; the caller disposes of both. */
export type Differentiate = (step: GradientStep) => ReturnType<typeof valueAndNamedGrads>;

export const differentiate: Differentiate = ({ params, batch, scale, lossOf }) =>
  valueAndNamedGrads(params, (live) => lossOf(live, batch), scale);

export interface MaskedGradientOptions {
  /**
   * Dropout is drawn with this seed, anew for each microbatch.
   * @defaultValue undefined: no dropout
   */
  readonly dropoutSeed?: number;
  /**
   * Tokens of the rows that the batch is cut into; absent: rows stay whole.
   * @defaultValue rows stay whole
   */
  readonly rowLength?: (progress: Progress) => number;
  /**
   * Keeps the first tokens of each row, in place of cutting it into several.
   * @defaultValue `false`
   */
  readonly truncates?: boolean;
  /**
   * Share of the budget over which next tokens are predicted, in place of masked ones.
   *
   * @defaultValue `0`: none
   */
  readonly causalShare?: number;
  /**
   * The factor of the loss that the optimizer wants: a scalar, borrowed.
   * @defaultValue the loss is not scaled
   */
  readonly lossScale?: (state: OptimizerState) => Tensor | undefined;
  /**
   * Of the targets that Sophia draws, and of the words that SCRIPT fills in, anew for each microbatch.
   * @defaultValue 0
   */
  readonly drawSeed?: number;
  /**
   * What computes a microbatch.
   *
   * @defaultValue tfjs, kernel by kernel
   */
  readonly differentiate?: Differentiate;
}

/** Loss and gradients of a masked language model, with a way to more gradients for the optimizers that ask for them. */
export const maskedLanguageModelGradient =
  (
    config: ModelConfig,
    loss: TrainingLoss,
    {
      dropoutSeed,
      rowLength,
      truncates = false,
      causalShare = 0,
      lossScale,
      drawSeed = 0,
      differentiate: compute = differentiate,
    }: MaskedGradientOptions = {},
  ): GradFn<NamedTensors, MaskedBatch, Gradients, OptimizerState> =>
  (params, whole, progress, state) => {
    const causal = progress.fraction < causalShare;
    const rows = rowLength ? (truncates ? truncateRows : unfoldRows)(whole, rowLength(progress)) : whole;
    const batch = causal ? nextTokens(rows) : rows;
    const step = progress.microbatch;
    const options = {
      ...(dropoutSeed !== undefined && { dropout: { seed: dropoutSeed, step } }),
      ...(causal && { causal }),
    };
    const drawn = { seed: drawSeed, step };
    const lossOf = (live: Params, batch: MaskedBatch) => loss(live, batch, { ...options, drawn });
    const scale = lossScale?.(state);
    const { value, grads } = compute({ params, batch, scale, lossOf, ...options });
    const evaluate: Evaluate = (elsewhere, { targets = "data" } = {}) => {
      if (targets === "sampled") return sampledGradients(elsewhere, config, batch, options, drawn);
      const there = differentiate({ params: elsewhere, batch, scale, lossOf });
      there.value.dispose();
      return scale ? divided(there.grads, scale) : there.grads;
    };
    return { loss: value, grads: { grads, evaluate, targets: batch.positions.length } };
  };

/** Consumes the gradients. */
const divided = (grads: NamedTensors, scale: Tensor): NamedTensors => {
  const factor = reciprocal(scale);
  const result = Object.fromEntries(Object.entries(grads).map(([name, grad]) => [name, mul(grad, factor)]));
  disposeTensors({ ...grads, factor });
  return result;
};

/** Gradients for targets that are drawn from the model's own predictions: the logits of all masked positions exist at once. */
const sampledGradients = (
  params: NamedTensors,
  config: ModelConfig,
  batch: MaskedBatch,
  options: ForwardOptions,
  { seed, step }: StepSeed,
) => {
  const count = batch.positions.length;
  const logitsOf = (live: Params) => maskedLogits(live, config, batch, options);
  const drawn = tidy(() => {
    const uniforms = new Float32Array(count);
    fillUniform(streamKey(seed, "recipes/targets", step), uniforms);
    const below = less(cumsum(softmax(logitsOf(params)), 1), tensor2d(uniforms, [count, 1]));
    const ids = cast(minimum(sum(cast(below, "float32"), 1), config.vocabSize - 1), "int32");
    return oneHot(ids, config.vocabSize, 1, 0, "float32");
  });
  const { value, grads } = valueAndNamedGrads(params, (live) =>
    tidy(() => {
      const logits = logitsOf(live);
      return mean(sub(logSumExp(logits, 1), sum(mul(logits, drawn), 1)));
    }),
  );
  value.dispose();
  drawn.dispose();
  return grads;
};
