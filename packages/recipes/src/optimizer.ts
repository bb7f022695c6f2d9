import {
  type AccumulateState,
  accumulate,
  adamw,
  type ClipState,
  clip,
  type Kernels,
  type Optimizer,
  studyOptimizer,
} from "@cramkit/optim";
import { batchRamp, byBudget, type Progress, studySchedule } from "@cramkit/scheduler";
import type { Recipe } from "./recipe.ts";

export type TrainingState = AccumulateState<ClipState>;

/** A recipe's optimizer, and what it does at a point of the run. */
export interface TrainingOptimizer {
  readonly optimizer: Optimizer<TrainingState>;
  learningRate(progress: Progress): number;
  /** Examples of the step that begins there. */
  batchSize(progress: Progress): number;
}

/** A recipe's optimizer under a clipped norm, on a growing batch, with the learning rate following the budget. */
export const trainingOptimizer = (
  { optimizer, schedule, batchSize, batchRamp: ramp }: Recipe["training"],
  microbatchSize: number,
  kernels: Kernels | undefined,
): TrainingOptimizer => {
  const { learningRate: peak, clipNorm } = optimizer;
  const multiplier = byBudget(studySchedule(schedule.name, { warmup: schedule.warmup, cooldown: schedule.cooldown }));
  const learningRate = (progress: Progress) => peak * multiplier(progress);
  const examples = batchRamp({ batchSize, microbatchSize, ramp });
  const stepped: Optimizer =
    optimizer.name === "adamw"
      ? adamw({ ...optimizer, learningRate, kernels })
      : studyOptimizer(optimizer.name, { learningRate, kernels });
  const clipped = clip(stepped, { maxNorm: clipNorm ?? Number.MAX_VALUE, kernels });
  return {
    optimizer: accumulate(clipped, { batchSize: examples, microbatchSize, kernels }),
    learningRate,
    batchSize: (progress) => Math.ceil(examples(progress) / microbatchSize) * microbatchSize,
  };
};
