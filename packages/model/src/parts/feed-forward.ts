import { type FeedForwardName, type PartFactory, splitActivation } from "../config.ts";
import { linearOf, linearParameters, runLinear } from "./linear.ts";

/** dense_out(f(dense_in(x))), or with a gate dense_out(f(g) u) where [u, g] = dense_in(x) */
const dense: PartFactory = ({ intermediate, activation, useBias }, { width }) => {
  const { fn, gated } = splitActivation(activation);
  return {
    parameters: {
      ...linearParameters("dense_in", width, intermediate, useBias),
      ...linearParameters("dense_out", gated ? intermediate / 2 : intermediate, width, useBias),
    },
    run(x, scope) {
      if (gated) {
        const layers = {
          inner: linearOf(scope, "dense_in", useBias),
          outer: linearOf(scope, "dense_out", useBias),
        };
        return scope.ops.gatedFeedForward(x, layers, fn);
      }
      const activated = scope.ops.activate(runLinear(x, scope, "dense_in", useBias), fn);
      return runLinear(activated, scope, "dense_out", useBias);
    },
  };
};

/** A factory of undefined: the layer has a mixer only. */
export const feedForwards: Record<FeedForwardName, PartFactory | undefined> = { dense, none: undefined };
