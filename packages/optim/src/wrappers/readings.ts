import { checkOptions } from "@cramkit/errors";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { OptimizerState, State, TensorMap } from "../contracts.ts";
import { closed, opened } from "../state/define-optimizer.ts";
import { copy, mapTensors } from "../state/tensor-map.ts";
import { type AccumulateState, restartAccumulation } from "./accumulate.ts";
import { type EmaState, type LatestWeightState, latestWeightAverage } from "./averages.ts";
import type { ClipState } from "./clip.ts";
import { exchange, type LocalStepsOptions, type LocalStepsState, localStepsOptions } from "./local-steps.ts";
import type { LossScalingState } from "./loss-scaling.ts";
import { type ProgressiveBatchState, restartProgressiveBatch } from "./progressive-batch.ts";

/** The states of the wrappers that an outside may ask, by the fields that tell each from the others. */
interface Wrappers {
  accumulate: AccumulateState;
  clip: ClipState;
  ema: EmaState;
  lawa: LatestWeightState;
  localSteps: LocalStepsState;
  lossScaling: LossScalingState;
  progressiveBatch: ProgressiveBatchState;
}

const fields: { readonly [W in keyof Wrappers]: readonly (keyof Wrappers[W])[] } = {
  accumulate: ["target", "sums"],
  clip: ["norm", "skippedInARow"],
  ema: ["average"],
  lawa: ["snapshots", "steps"],
  localSteps: ["anchor", "momentum"],
  lossScaling: ["scale", "good"],
  progressiveBatch: ["taken", "sums"],
};

const isOf = <W extends keyof Wrappers>(wrapper: W, state: OptimizerState): boolean =>
  typeof state === "object" && !Array.isArray(state) && fields[wrapper].every((field) => Object.hasOwn(state, field));

/** The state of the outermost wrapper of a kind, borrowed. Does not look into groups. */
const stateOf = <W extends keyof Wrappers>(wrapper: W, state: OptimizerState): Wrappers[W] | undefined => {
  if (isOf(wrapper, state)) return opened(state) as unknown as Wrappers[W];
  const inner = innerOf(state);
  return inner && stateOf(wrapper, inner);
};

const innerOf = (state: OptimizerState): OptimizerState | undefined =>
  typeof state === "object" && !Array.isArray(state) && Object.hasOwn(state, "inner")
    ? (opened(state).inner as OptimizerState)
    : undefined;

/** What an optimizer knows about its last steps. A field is absent if nothing in the optimizer measures it. */
export interface Readings {
  /**
   * L2 norm of the last step's gradients before clipping.
   *
   * @defaultValue absent if nothing clips, and before the first step
   */
  readonly gradientNorm?: number;
  /**
   * Steps that were skipped because their gradients were not finite.
   *
   * @defaultValue absent if nothing clips
   */
  readonly skippedSteps?: number;
  /**
   * How many of these were the last ones in a row.
   *
   * @defaultValue absent if nothing clips
   */
  readonly skippedInARow?: number;
  /**
   * Factor of the loss of the next microbatch.
   *
   * @defaultValue absent without loss scaling
   */
  readonly lossScale?: number;
  /**
   * Microbatches of the last batch.
   *
   * @defaultValue absent if batches do not grow by their gradients
   */
  readonly microbatches?: number;
  /**
   * What `gradientNoiseScale` needs, of the last whole batch: mean squared norm of its microbatches' gradients.
   *
   * @defaultValue absent if nobody measures the noise
   */
  readonly smallSquared?: number;
  /**
   * Squared norm of that batch's gradient.
   *
   * @defaultValue absent if nobody measures the noise
   */
  readonly bigSquared?: number;
}

/**
 * Reads what `clip`, `lossScaling`, `accumulate` and `progressiveBatch` keep on the device. Borrows the state, which must not be
 * updated before the promise is there.
 */
export const readings = async (state: OptimizerState): Promise<Readings> => {
  const clipping = stateOf("clip", state);
  const scaling = stateOf("lossScaling", state);
  const growing = stateOf("progressiveBatch", state);
  const { small, big } = stateOf("accumulate", state)?.noise ?? {};
  // All are asked for before the first is awaited: a state may be consumed by the next update.
  const asked = {
    gradientNorm: clipping?.norm,
    skippedSteps: clipping?.skipped,
    skippedInARow: clipping?.skippedInARow,
    lossScale: scaling?.scale,
    microbatches: growing?.taken,
    smallSquared: small,
    bigSquared: big,
  };
  const entries = await Promise.all(
    Object.entries(asked)
      .filter((entry): entry is [string, Tensor] => entry[1] !== undefined)
      .map(async ([name, tensor]) => [name, (await tensor.data())[0]!] as const),
  );
  // A norm of 0 is that of a batch under way, of which nothing is known yet.
  return Object.fromEntries(entries.filter(([name, value]) => name !== "gradientNorm" || value !== 0));
};

/** What the loss of the next microbatch has to be multiplied by: a scalar, borrowed; undefined without `lossScaling`. */
export const lossScale = (state: OptimizerState): Tensor | undefined => stateOf("lossScaling", state)?.scale;

/** The weights to evaluate and to keep: the average of `ema` or `lawa`, else the parameters themselves; new tensors. */
export const averagedWeights = (params: TensorMap, state: OptimizerState): TensorMap => {
  const latest = stateOf("lawa", state);
  return (latest && latestWeightAverage(latest)) ?? mapTensors(stateOf("ema", state)?.average ?? params, copy);
};

/**
 * The state at the beginning of the batch that is under way, its gradients forgotten: for going on with microbatches of
 * another size. A state without `accumulate` or `progressiveBatch` stays as it is. Consumes the state.
 */
export const restartBatch = (state: OptimizerState): OptimizerState => {
  const node: State = opened(state);
  if (isOf("progressiveBatch", state)) return closed(restartProgressiveBatch(node as unknown as ProgressiveBatchState));
  if (isOf("accumulate", state)) return closed(restartAccumulation(node as unknown as AccumulateState));
  const inner = innerOf(state);
  return inner ? closed({ ...node, inner: restartBatch(inner) }) : state;
};

/** Steps that this rank has taken on its own since ranks agreed; 0 without `localSteps`. */
export const stepsApart = (state: OptimizerState): number => stateOf("localSteps", state)?.count ?? 0;

/**
 * The outer step of `localSteps` before its time, so that ranks agree: at the end of a run. Nothing happens if they do. Consumes
 * parameters and state. Collective.
 */
export const joinLocalSteps = async (
  current: { params: TensorMap; state: OptimizerState },
  options: LocalStepsOptions,
): Promise<{ params: TensorMap; state: OptimizerState }> => {
  checkOptions("joinLocalSteps", options, localStepsOptions);
  const { params, state } = current;
  if (stepsApart(state) === 0) return { params, state };
  const node = opened(state);
  if (isOf("localSteps", state)) {
    const joined = await exchange({ params, state: node as unknown as LocalStepsState }, options);
    return { params: joined.params, state: closed(joined.state as unknown as typeof node) };
  }
  const joined = await joinLocalSteps({ params, state: innerOf(state)! }, options);
  return { params: joined.params, state: closed({ ...node, inner: joined.state }) };
};
