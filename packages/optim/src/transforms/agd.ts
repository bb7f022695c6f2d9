import { checkOptions } from "@cramkit/errors";
import { add, div, log1p, maximum, mul, scalar, sqrt, square, sum, type Tensor, tidy } from "@tensorflow/tfjs-core";
import type { GradientTransformation } from "../contracts.ts";
import { checkPositive } from "../state/check.ts";
import { sumOf } from "../state/device-scalar.ts";
import { disposeMap, mapTensors } from "../state/tensor-map.ts";
import type { NoState } from "./decay-and-rate.ts";

const norm = (x: Tensor): Tensor => sqrt(sum(square(x)));
const aspect = ({ shape }: Tensor): number => (shape.length === 2 ? Math.sqrt(shape[0]! / shape[1]!) : 1);

/**
 * Automatic gradient descent (Bernstein et al., arXiv 2304.05187), with d the number of tensors and weights `[out, in]`:
 * `G = sum(sqrt(out / in) ||g||) / d`, and for each `gain log((1 + sqrt(1 + 4 G)) / 2) / d sqrt(out / in) g / ||g||`.
 * Tensors that are not matrices count with a factor of 1, which the paper leaves open; the study's code leaves them out of G
 * and has g for g / ||g||.
 */
export const scaleByAgd = (
  options: {
    /** @defaultValue `1` */
    gain?: number;
  } = {},
): GradientTransformation<NoState> => {
  checkOptions("scaleByAgd", options, { gain: true });
  const { gain = 1 } = options;
  checkPositive("scaleByAgd", { gain });
  return {
    init: () => ({}),
    update(updates, state) {
      const list = Object.values(updates);
      const rate = tidy(() => {
        const total = list.length === 0 ? scalar(0) : sumOf(list.map((g) => mul(norm(g), aspect(g))));
        const summary = div(total, Math.max(1, list.length));
        // (1 + sqrt(1 + 4 G)) / 2 is 1 + 2 G / (1 + sqrt(1 + 4 G)), which keeps a small G that float32 rounds it away.
        const excess = div(mul(summary, 2), add(sqrt(add(mul(summary, 4), 1)), 1));
        return mul(log1p(excess), gain / Math.max(1, list.length));
      });
      // The smallest normal float instead of a norm of 0: the gradient is 0 there, too.
      const next = mapTensors(updates, (g) => mul(g, div(mul(rate, aspect(g)), maximum(norm(g), 1.2e-38))));
      rate.dispose();
      disposeMap(updates);
      return { updates: next, state };
    },
  };
};
