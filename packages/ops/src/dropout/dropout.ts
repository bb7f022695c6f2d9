import type { StreamKey } from "@cramkit/random";
import { clone, type Tensor } from "@tensorflow/tfjs-core";
import { checkRange, checkTensor, printShape } from "../check.ts";
import { differentiable } from "../differentiable.ts";
import { fused } from "../dispatch.ts";
import { dropoutReference } from "./reference.ts";

export interface DropoutOptions {
  /** Probability of dropping an element, 0 <= rate < 1. */
  rate: number;
  /**
   * Of the run, the step and the place in the model, such as `streamKey(seed, "dropout", step, layer)` of @cramkit/random:
   * two uint32. The same key gives the same mask.
   */
  key: StreamKey;
}

/** Throws unless the options are a rate below 1 and a key of two uint32. */
export const checkDropout = (op: string, { rate, key }: DropoutOptions): void => {
  checkRange(op, "dropout rate in 0 <= rate < 1", rate, rate >= 0 && rate < 1);
  checkRange(
    op,
    "dropout key to be two uint32",
    printShape(key),
    key.length === 2 && key.every((word) => word >>> 0 === word),
  );
};

/**
 * y = x * keep / (1 - rate), the mask from random bits of (key, position): recomputed, never stored.
 * Any shape, at most 2^32 elements.
 */
export const dropout = (x: Tensor, options: DropoutOptions): Tensor => {
  checkTensor("dropout", "x", x, ["..."]);
  checkDropout("dropout", options);
  const apply = (x: Tensor): Tensor => {
    if (x.size === 0 || options.rate === 0) return clone(x);
    const { rate, key } = options;
    const [key0, key1] = key;
    return fused("CramkitDropout", { x }, { rate, key0, key1 }, () => dropoutReference(x, rate, key));
  };
  return differentiable(
    [x],
    () => apply(x),
    (dy) => [apply(dy)],
  );
};
