import { init, type ModelConfig, maskedLanguageModelLoss, type Params, valueAndNamedGrads } from "@cramkit/model";
import { optimizerKernels } from "@cramkit/ops";
import { adamw, clip, disposeState, type Optimizer } from "@cramkit/optim";
import type { MaskedBatch } from "@cramkit/packer";
import { budgetFraction, byBudget, scale, triangle2 } from "@cramkit/scheduler";
import { initialState, train } from "@cramkit/trainer";
import { dispose } from "@tensorflow/tfjs-core";
import type { RunSettings } from "../protocol.ts";
import { trainingBatches } from "./masked-rows.ts";
import { batchSize, modelSizes, tokensPerStep } from "./model-sizes.ts";
import type { Rows } from "./prepare-text.ts";

const seed = 1;

export const learningRateOf = ({ size }: Pick<RunSettings, "size">) =>
  byBudget(scale(triangle2(), modelSizes[size].learningRate));

/** AdamW under a clipped norm, with the in-place kernels of the backend that runs. */
export const optimizerOf = (settings: Pick<RunSettings, "size">): Optimizer => {
  const kernels = optimizerKernels();
  return clip(adamw({ learningRate: learningRateOf(settings), kernels }), { maxNorm: 0.5, kernels });
};

export const freshState = (config: ModelConfig, optimizer: Optimizer) => initialState(init(config, seed), optimizer);
export type TrainingState = ReturnType<typeof freshState>;

/** Frees the tensors of a state. */
export const disposeTraining = ({ params, optimizer }: TrainingState): void => {
  dispose(params);
  disposeState(optimizer);
};

const gradient = (config: ModelConfig) => (params: Params, batch: MaskedBatch) => {
  const { value, grads } = valueAndNamedGrads(params, (live) => maskedLanguageModelLoss(live, config, batch));
  return { loss: value, grads };
};

/** The loop from a state on, for the minutes of the settings by the clock `elapsed`, or from now on. */
export const trainFrom = (
  state: TrainingState,
  {
    settings,
    config,
    rows,
    optimizer,
    elapsed,
  }: { settings: RunSettings; config: ModelConfig; rows: Rows; optimizer: Optimizer; elapsed?: () => number },
) =>
  train({
    state,
    batches: trainingBatches(rows, state.cursor),
    grad: gradient(config),
    optimizer,
    budget: budgetFraction({ hours: settings.minutes / 60 }),
    size: () => ({ examples: batchSize, tokens: tokensPerStep }),
    ...(elapsed && { elapsed }),
  });

/** Mean loss over batches, in nats. */
export const meanLoss = async (
  params: Params,
  config: ModelConfig,
  batches: readonly MaskedBatch[],
): Promise<number> => {
  let [sum, targets] = [0, 0];
  for (const batch of batches) {
    const loss = maskedLanguageModelLoss(params, config, batch);
    sum += (await loss.data())[0]! * batch.targets.length;
    targets += batch.targets.length;
    loss.dispose();
  }
  return sum / targets;
};
