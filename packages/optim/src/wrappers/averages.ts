import { add, mul, tidy } from "@tensorflow/tfjs-core";
import type { Optimizer, OptimizerState, TensorMap, Updated, Updating } from "../contracts.ts";
import { checkBetas, checkCount, checkFit, checkNoMore } from "../state/check.ts";
import { after, defineWrapper } from "../state/define-optimizer.ts";
import { sumOf } from "../state/device-scalar.ts";
import { copy, disposeMap, mapTensors } from "../state/tensor-map.ts";

export type EmaState = { average: TensorMap; inner: OptimizerState };

export interface EmaOptions {
  /** @defaultValue 0.995 */
  decay?: number;
}

/** Keeps `average = decay average + (1 - decay) params` over the steps of `inner` in its state: `averagedWeights` copies it. */
export const ema = <R extends Updating>(
  inner: Optimizer<R>,
  { decay = 0.995, ...unknown }: EmaOptions = {},
): Optimizer<R | Updated> => {
  checkNoMore("ema", unknown, "decay");
  checkBetas("ema", { decay });
  return defineWrapper<EmaState, R>(inner, {
    init: (params) => ({ average: mapTensors(params, copy), inner: inner.init(params) }),
    update(gradients, { average, inner: innerState }, params, progress, gradScale) {
      checkFit("ema", "average", average, params);
      return after(
        () => inner.update(gradients, innerState, params, progress, gradScale),
        (result) => {
          if (!result.applied) return { ...result, state: { average, inner: result.state } };
          const next = mapTensors(average, (old, name) => add(mul(old, decay), mul(result.params[name]!, 1 - decay)));
          disposeMap(average);
          return { ...result, state: { average: next, inner: result.state } };
        },
      );
    },
  });
};

export interface LatestWeightOptions {
  /**
   * Copies of the parameters that are kept.
   *
   * @defaultValue 10
   */
  snapshots?: number;
  /**
   * Steps between two copies.
   *
   * @defaultValue 1000
   */
  every?: number;
}

export type LatestWeightState = { steps: number; snapshots: readonly TensorMap[]; inner: OptimizerState };

/** Latest-weight averaging (Kaddour, arXiv 2209.14981): keeps the last copies of the parameters; `averagedWeights` makes their mean. */
export const lawa = <R extends Updating>(
  inner: Optimizer<R>,
  { snapshots: kept = 10, every = 1000, ...unknown }: LatestWeightOptions = {},
): Optimizer<R | Updated> => {
  checkNoMore("lawa", unknown, "snapshots, every");
  checkCount("lawa", { snapshots: kept, every });
  return defineWrapper<LatestWeightState, R>(inner, {
    init: (params) => ({ steps: 0, snapshots: [], inner: inner.init(params) }),
    update(gradients, { steps, snapshots, inner: innerState }, params, progress, gradScale) {
      return after(
        () => inner.update(gradients, innerState, params, progress, gradScale),
        (result) => {
          const state = { steps: steps + (result.applied ? 1 : 0), snapshots, inner: result.state };
          if (!result.applied || state.steps % every !== 0) return { ...result, state };
          const next = [...snapshots, mapTensors(result.params, copy)];
          if (next.length > kept) disposeMap(next.shift()!);
          return { ...result, state: { ...state, snapshots: next } };
        },
      );
    },
  });
};

/** The mean of the copies that `lawa` keeps, as new tensors; undefined before the first copy. */
export const latestWeightAverage = ({ snapshots }: Pick<LatestWeightState, "snapshots">): TensorMap | undefined => {
  const [first] = snapshots;
  return (
    first &&
    mapTensors(first, (_, name) => tidy(() => mul(sumOf(snapshots.map((map) => map[name]!)), 1 / snapshots.length)))
  );
};
