import { add, mul, tidy } from "@tensorflow/tfjs-core";
import type { Optimizer, State, TensorMap } from "../contracts.ts";
import { checkBetas, checkCount, checkFit } from "../state/check.ts";
import { sumOf } from "../state/device-scalar.ts";
import { copy, disposeMap, mapTensors } from "../state/tensor-map.ts";

export type EmaState<S extends State = State> = { average: TensorMap; inner: S };

/** Keeps `average = decay average + (1 - decay) params` over the steps of `inner`; it is in the state, for who saves it. */
export const ema = <S extends State>(
  inner: Optimizer<S>,
  { decay = 0.995 }: { decay?: number } = {},
): Optimizer<EmaState<S>> => {
  checkBetas("ema", { decay });
  return {
    init: (params) => ({ average: mapTensors(params, copy), inner: inner.init(params) }),
    update(gradients, { average, inner: innerState }, params, progress, gradScale) {
      checkFit("ema", "average", average, params);
      const result = inner.update(gradients, innerState, params, progress, gradScale);
      if (!result.applied) return { ...result, state: { average, inner: result.state } };
      const next = mapTensors(average, (old, name) => add(mul(old, decay), mul(result.params[name]!, 1 - decay)));
      disposeMap(average);
      return { ...result, state: { average: next, inner: result.state } };
    },
  };
};

export interface LatestWeightOptions {
  /** Copies of the parameters that are kept. */
  snapshots?: number;
  /** Steps between two copies. */
  every?: number;
}

export type LatestWeightState<S extends State = State> = { steps: number; snapshots: readonly TensorMap[]; inner: S };

/** Latest-weight averaging (Kaddour, arXiv 2209.14981): keeps the last copies of the parameters; see `latestWeightAverage`. */
export const lawa = <S extends State>(
  inner: Optimizer<S>,
  { snapshots: kept = 10, every = 1000 }: LatestWeightOptions = {},
): Optimizer<LatestWeightState<S>> => {
  checkCount("lawa", { snapshots: kept, every });
  return {
    init: (params) => ({ steps: 0, snapshots: [], inner: inner.init(params) }),
    update(gradients, { steps, snapshots, inner: innerState }, params, progress, gradScale) {
      const result = inner.update(gradients, innerState, params, progress, gradScale);
      const state = { steps: steps + (result.applied ? 1 : 0), snapshots, inner: result.state };
      if (!result.applied || state.steps % every !== 0) return { ...result, state };
      const next = [...snapshots, mapTensors(result.params, copy)];
      if (next.length > kept) disposeMap(next.shift()!);
      return { ...result, state: { ...state, snapshots: next } };
    },
  };
};

/** The mean of the copies that `lawa` keeps, as new tensors; undefined before the first copy. */
export const latestWeightAverage = ({ snapshots }: Pick<LatestWeightState, "snapshots">): TensorMap | undefined => {
  const [first] = snapshots;
  return (
    first &&
    mapTensors(first, (_, name) => tidy(() => mul(sumOf(snapshots.map((map) => map[name]!)), 1 / snapshots.length)))
  );
};
