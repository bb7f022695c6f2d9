import { add, type Tensor, where } from "@tensorflow/tfjs-core";
import type { GradientTransformation, Optimizer, State, TensorMap, Updated } from "../contracts.ts";
import { checkFit } from "../state/check.ts";
import { defineOptimizer } from "../state/define-optimizer.ts";
import { isTaken, scaledOrZero } from "../state/device-scalar.ts";
import { disposeState, stateFromTensors, stateLayout, stateTensors } from "../state/state.ts";
import { asMeasured, disposeMap, mapTensors } from "../state/tensor-map.ts";

const apply = (params: TensorMap, updates: TensorMap): TensorMap => {
  const next = mapTensors(params, (param, name) => add(param, updates[name]!));
  disposeMap(updates);
  return next;
};

/** `next` if the step is taken, else `previous`; consumes both. Counts go on in any case. */
const select = <S extends State>(taken: Tensor, next: S, previous: Readonly<Record<string, Tensor>>): S => {
  const selected = mapTensors(stateTensors(next), (tensor, path) => {
    const before = previous[path];
    return before ? where(taken, tensor, before) : tensor.clone();
  });
  const layout = stateLayout(next);
  disposeState(next);
  disposeMap(previous);
  return stateFromTensors<S>(layout, selected);
};

/** The optimizer that adds the updates of a transformation to the parameters. */
export const toOptimizer = <S extends State>(transformation: GradientTransformation<S>): Optimizer<Updated> =>
  defineOptimizer<S>({
    init: (params) => transformation.init(params),
    update(gradients, state, params, progress, gradScale) {
      const { grads, evaluate } = asMeasured(gradients);
      checkFit("update", "gradients", grads, params);
      if (!gradScale) {
        const result = transformation.update(grads, state, params, progress, evaluate);
        const next = apply(params, result.updates);
        disposeMap(params);
        return { params: next, state: result.state, applied: true };
      }
      const taken = isTaken(gradScale);
      const scaled = mapTensors(grads, (grad) => scaledOrZero(grad, gradScale, taken));
      disposeMap(grads);
      // Clones share their data: the previous state costs nothing until its successor is made.
      const previous = mapTensors(stateTensors(state), (tensor) => tensor.clone());
      const result = transformation.update(scaled, state, params, progress, evaluate);
      const next = { params: apply(params, result.updates), state: result.state };
      const selected = {
        params: select(taken, next.params, params) as TensorMap,
        state: select(taken, next.state, previous),
      };
      taken.dispose();
      return { ...selected, applied: true };
    },
  });
