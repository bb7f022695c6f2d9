import { type StreamKey, streamKey } from "@cramkit/random";
import { type OpCase, type OpSpec, uniform } from "../conformance-case.ts";
import { dropoutMask } from "../dropout-mask.ts";
import { dropout } from "./dropout.ts";

const dropoutCase = (shape: number[], rate: number, key: StreamKey = streamKey(7, "dropout")): OpCase => ({
  name: `[${shape}] rate ${rate}, key ${key}`,
  inputs: { x: uniform(shape, 1) },
  run: ({ x }) => dropout(x!, { rate, key }),
  truth: ({ x }) => {
    const mask = dropoutMask(x!.length, rate, key);
    return Float64Array.from(x!, (value, i) => value * mask[i]!);
  },
  tolerance: 1e-6,
});

export const dropoutSpec: OpSpec = {
  op: "dropout",
  kernels: ["CramkitDropout"],
  cases: [
    dropoutCase([1], 0.5),
    dropoutCase([3, 7], 0.1),
    dropoutCase([23, 100], 0.25, [0xffffffff, 0xfffffffe]),
    dropoutCase([1003], 0.9),
    dropoutCase([2 * 16384 + 5], 0.5), // beyond the blocks of a CPU task
    dropoutCase([129], 0),
    dropoutCase([0], 0.5),
  ],
};
