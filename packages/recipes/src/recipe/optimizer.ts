import {
  accumulate,
  clip,
  ema,
  frozen,
  groups,
  lawa,
  localRates,
  lossScaling,
  type Optimizer,
  type OptimizerKernels,
  progressiveBatch,
  sam,
  studyOptimizer,
  type Updated,
  type Updating,
  wholeParts,
} from "@cramkit/optim";
import { batchRamp, byBudget, type Progress, scheduleByName } from "@cramkit/scheduler";
import type { GroupOptimizer, OptimizerSettings } from "./optimizer-settings.ts";
import type { Recipe } from "./recipe.ts";

/** A recipe's optimizer, and what it does at a point of the run. */
export interface TrainingOptimizer<R extends Updating = Updated> {
  readonly optimizer: Optimizer<R>;
  readonly microbatchSize: number;
  learningRate(progress: Progress): number;
  /** Examples of the step that begins there, at most. */
  batchSize(progress: Progress): number;
}

/** Ranks of a job that share every batch. */
export interface SharedBatch<R extends Updating> {
  readonly size: number;
  /** Goes between the accumulation and what takes the mean of all ranks. */
  across(inner: Optimizer): Optimizer<R>;
}

/**
 * A recipe's optimizer under a clipped norm, on a growing batch, with the learning rates following the budget; with mixed
 * precision under loss scaling. The scale stays as it is within a batch, but for one that grows by its own gradients: nobody
 * knows where it ends. SAM climbs anew for each microbatch, so it goes around the accumulation, and the loss scaling around
 * SAM, whose second gradients come without the scale.
 */
export const trainingOptimizer = <R extends Updating = Updated>(
  { training, backend }: Pick<Recipe, "training" | "backend">,
  microbatchSize: number,
  kernels: OptimizerKernels | undefined,
  shared?: SharedBatch<R>,
): TrainingOptimizer<R | Updated> => {
  const { optimizer, schedule, batchSize, batchRamp: ramp, progressiveBatch: growth, averaging } = training;
  const { name, learningRate: peak, clipNorm } = optimizer;
  const { warmup, cooldown } = schedule;
  // Polynomial decays end at a rate, not at a share of the peak: that of the study and of Hugging Face's schedules.
  const end = schedule.name.startsWith("polynomial") ? Math.min(1, 1e-7 / peak) : 0;
  const multiplier = byBudget(scheduleByName(schedule.name, { warmup, cooldown, end }));
  /** Of all ranks together. */
  const together = microbatchSize * (shared?.size ?? 1);
  const examples = batchRamp({ batchSize, microbatchSize: together, ramp });
  const scaled = <I extends Updating>(inner: Optimizer<I>): Optimizer<I | Updated> =>
    backend.precision === "mixed" ? lossScaling(inner, { kernels }) : inner;
  const batched = (stepped: Optimizer): Optimizer<R | Updated> => {
    const inner: Optimizer<R | Updated> = shared ? shared.across(stepped) : stepped;
    return growth
      ? progressiveBatch(inner, { ...growth, most: Math.max(2, Math.ceil(batchSize / microbatchSize)), kernels })
      : accumulate(inner, { batchSize: examples, microbatchSize: together, kernels });
  };
  const stepping = byGroups(training, multiplier, kernels);
  const clipped = clip(stepping, { maxNorm: clipNorm ?? Number.MAX_VALUE, kernels });
  const whole: Optimizer<R | Updated> =
    name === "sam"
      ? scaled(sam(batched(clipped), { rho: optimizer.rho, kernels }))
      : growth
        ? scaled(batched(clipped))
        : batched(scaled(clipped));
  return {
    optimizer:
      averaging === null
        ? whole
        : averaging.kind === "ema"
          ? ema(whole, { decay: averaging.decay })
          : lawa(whole, { snapshots: averaging.snapshots, every: averaging.every }),
    microbatchSize,
    learningRate: (progress) => peak * multiplier(progress),
    batchSize: (progress) => Math.ceil(examples(progress) / together) * together,
  };
};

/** What steps: frozen parameters first, then those with an optimizer of their own, then the rest. */
const byGroups = (
  { frozen: still, groups: own, optimizer, localRate }: Recipe["training"],
  schedule: (progress: Progress) => number,
  kernels: OptimizerKernels | undefined,
): Optimizer => {
  const made = (settings: GroupOptimizer): Optimizer => {
    const { name, noDecay, ...hyperparameters } = settings;
    const decays = noDecay && { noDecay: noDecay.map(wholeParts) };
    const make = (changes: object) =>
      studyOptimizer(name === "adamw" ? "adam" : name, {
        ...hyperparameters,
        schedule,
        kernels,
        ...decays,
        ...changes,
      });
    if (localRate === null) return make({});
    const { learningRate } = hyperparameters;
    const weightDecay = "weightDecay" in hyperparameters ? hyperparameters.weightDecay : 0;
    return localRates(make("weightDecay" in hyperparameters ? { weightDecay: 0 } : {}), {
      trust: localRate.trust,
      weightDecay,
      ...decays,
      ...(localRate.clip && { clipTo: (progress: Progress) => learningRate * schedule(progress) }),
    });
  };
  const rest = made(withoutWrappers(optimizer));
  if (still.length === 0 && own.length === 0) return rest;
  return groups([
    ...(still.length > 0 ? [{ params: still.map(wholeParts), optimizer: frozen() }] : []),
    ...own.map((group) => ({ params: group.params.map(wholeParts), optimizer: made(group.optimizer) })),
    { optimizer: rest },
  ]);
};

/** Clipping goes around all groups, and SAM around the accumulation. */
const withoutWrappers = ({ clipNorm: _, ...settings }: OptimizerSettings): GroupOptimizer => {
  if (settings.name !== "sam") return settings;
  const { rho: __, ...adam } = settings;
  return { ...adam, name: "adam" };
};
