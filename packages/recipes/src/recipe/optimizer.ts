import {
  accumulate,
  adamw,
  clip,
  type Evaluation,
  ema,
  type Gradients,
  groups,
  type Kernels,
  latestWeightAverage,
  lawa,
  lossScaling,
  type Optimizer,
  progressiveBatch,
  type State,
  sam,
  studyOptimizer,
} from "@cramkit/optim";
import { batchRamp, byBudget, type Progress, studySchedule } from "@cramkit/scheduler";
import { scalar, Tensor, zerosLike } from "@tensorflow/tfjs-core";
import { copyTensors, disposeTensors, type NamedTensors } from "../named-tensors.ts";
import type { Recipe } from "./recipe.ts";

/** A recipe's optimizer, and what it does at a point of the run. */
export interface TrainingOptimizer {
  readonly optimizer: Optimizer;
  readonly microbatchSize: number;
  learningRate(progress: Progress): number;
  /** Examples of the step that begins there, at most. */
  batchSize(progress: Progress): number;
}

/**
 * A recipe's optimizer under a clipped norm, on a growing batch, with the learning rate following the budget; with mixed
 * precision under loss scaling. The scale stays as it is within a batch, but for one that grows by its own gradients: nobody
 * knows where it ends. SAM climbs anew for each microbatch, so it goes around the accumulation, and the loss scaling around
 * SAM, whose second gradients come without the scale.
 */
export const trainingOptimizer = (
  { training, backend }: Pick<Recipe, "training" | "backend">,
  microbatchSize: number,
  kernels: Kernels | undefined,
): TrainingOptimizer => {
  const { optimizer, schedule, batchSize, batchRamp: ramp, progressiveBatch: growth, averaging, frozen } = training;
  const { name, learningRate: peak, clipNorm } = optimizer;
  const { warmup, cooldown } = schedule;
  // Polynomial decays end at a rate, not at a share of the peak: that of the study and of Hugging Face's schedules.
  const end = schedule.name.startsWith("polynomial") ? Math.min(1, 1e-7 / peak) : 0;
  const multiplier = byBudget(studySchedule(schedule.name, { warmup, cooldown, end }));
  const learningRate = (progress: Progress) => peak * multiplier(progress);
  const examples = batchRamp({ batchSize, microbatchSize, ramp });
  const moving: Optimizer =
    name === "adamw"
      ? adamw({ ...optimizer, learningRate, kernels })
      : studyOptimizer(name === "sam" ? "adam" : name, { learningRate, kernels });
  const stepped: Optimizer =
    frozen.length === 0 ? moving : groups([{ params: frozen, optimizer: still }, { optimizer: moving }]);
  const scaled = <S extends State>(inner: Optimizer<S>): Optimizer =>
    backend.precision === "mixed" ? lossScaling(inner, { kernels }) : inner;
  const batched = <S extends State>(inner: Optimizer<S>): Optimizer =>
    growth
      ? progressiveBatch(inner, { ...growth, most: Math.max(2, Math.ceil(batchSize / microbatchSize)), kernels })
      : accumulate(inner, { batchSize: examples, microbatchSize, kernels });
  const clipped = clip(stepped, { maxNorm: clipNorm ?? Number.MAX_VALUE, kernels });
  const whole: Optimizer =
    name === "sam"
      ? scaled(sam(batched(clipped), { kernels }))
      : growth
        ? scaled(batched(clipped))
        : batched(scaled(clipped));
  return {
    optimizer: averaging === null ? whole : averaging.kind === "ema" ? ema(whole, averaging) : lawa(whole, averaging),
    microbatchSize,
    learningRate,
    batchSize: (progress) => Math.ceil(examples(progress) / microbatchSize) * microbatchSize,
  };
};

const disposeGradients = (gradients: Gradients): void =>
  disposeTensors("evaluate" in gradients ? (gradients as Evaluation).grads : (gradients as NamedTensors));

/** The optimizer, where an update that fails, as for want of memory, leaves no gradients behind. */
export const releasing = (optimizer: Optimizer): Optimizer => ({
  ...optimizer,
  update(gradients, ...rest) {
    try {
      return optimizer.update(gradients, ...rest);
    } catch (error) {
      disposeGradients(gradients);
      throw error;
    }
  },
});

/** Leaves its parameters as they are. */
const still: Optimizer = {
  init: () => ({}),
  update(gradients, state, params) {
    disposeGradients(gradients);
    return { params, state, applied: false };
  },
};

/** What one of the transformations keeps in its state under this name, borrowed. */
const kept = (state: State, name: string): State | undefined => {
  if (typeof state === "number" || Array.isArray(state) || state instanceof Tensor) return undefined;
  const node = state as { readonly [key: string]: State };
  return Object.hasOwn(node, name) ? node[name] : node.inner && kept(node.inner, name);
};

/** What the loss has to be multiplied with: a scalar, borrowed; undefined without loss scaling. */
export const lossScale = (state: State): Tensor | undefined => kept(state, "scale") as Tensor | undefined;

/**
 * The numbers that an optimizer's state holds on the device, read: valid until the next update. `microbatches` are those of
 * the last batch, where batches grow by their gradients.
 */
export const readOptimizer = async (state: State) => {
  const read = async (name: string) => (await (kept(state, name) as Tensor).data())[0]!;
  const gradientNorm = await read("norm");
  return {
    ...(gradientNorm !== 0 && { gradientNorm }), // of a batch under way there is none yet
    ...(kept(state, "taken") && { microbatches: await read("taken") }),
    skippedSteps: await read("skipped"),
    skippedInARow: await read("skippedInARow"),
    ...(lossScale(state) && { lossScale: await read("scale") }),
  };
};

/** The weights to evaluate and to keep: the average where the recipe asks for one, else the last ones; new tensors. */
export const averagedWeights = (params: NamedTensors, state: State): NamedTensors => {
  const average = kept(state, "average") as NamedTensors | undefined;
  const snapshots = kept(state, "snapshots") as readonly NamedTensors[] | undefined;
  return (snapshots && latestWeightAverage({ snapshots })) ?? copyTensors(average ?? params);
};

/** The state at the beginning of the batch that is under way: for microbatches of another size. Consumes the state. */
export const withoutPartialBatch = (state: State): State => {
  const node = state as { readonly [key: string]: State };
  if (!Object.hasOwn(node, "sums")) return { ...node, inner: withoutPartialBatch(node.inner!) };
  const sums = node.sums as NamedTensors;
  const { count, squares } = node;
  if (count instanceof Tensor && squares instanceof Tensor) {
    const empty = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, zerosLike(sum)]));
    for (const tensor of [count, squares, ...Object.values(sums)]) tensor.dispose();
    return { ...node, count: scalar(0), squares: scalar(0), sums: empty };
  }
  disposeTensors(sums);
  return { ...node, count: 0, target: 0, sums: {} };
};
