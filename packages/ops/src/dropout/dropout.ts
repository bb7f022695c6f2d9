import { clone, type Tensor } from "@tensorflow/tfjs-core";
import { checkRange, checkTensor } from "../check.ts";
import { differentiable } from "../differentiable.ts";
import { fused } from "../dispatch.ts";
import { dropoutReference } from "./reference.ts";

export interface DropoutOptions {
  /** Probability of dropping an element, 0 <= rate < 1. */
  rate: number;
  /** Of the run: uint32. */
  seed: number;
  /** Of the place and step, e.g. step * layers + layer: uint32. The same pair gives the same mask. */
  stream: number;
}

/** Throws where the options are not a rate below 1 and two uint32. */
export const checkDropout = (op: string, { rate, seed, stream }: DropoutOptions): void => {
  checkRange(op, "dropout rate in 0 <= rate < 1", rate, rate >= 0 && rate < 1);
  for (const [name, value] of Object.entries({ seed, stream })) {
    checkRange(
      op,
      `dropout ${name} to be a uint32`,
      value,
      Number.isInteger(value) && value >= 0 && value <= 0xffffffff,
    );
  }
};

/**
 * y = x * keep / (1 - rate), the mask from a hash of (seed, stream, position): recomputed, never stored.
 * Any shape, at most 2^32 elements.
 */
export const dropout = (x: Tensor, options: DropoutOptions): Tensor => {
  checkTensor("dropout", "x", x, ["..."]);
  checkDropout("dropout", options);
  const apply = (x: Tensor): Tensor => {
    if (x.size === 0 || options.rate === 0) return clone(x);
    const { rate, seed, stream } = options;
    return fused("CramkitDropout", { x }, { rate, seed, stream }, () => dropoutReference(x, rate, seed, stream));
  };
  return differentiable(
    [x],
    () => apply(x),
    (dy) => [apply(dy)],
  );
};
