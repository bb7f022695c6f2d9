import { type OpCase, type OpSpec, uniform } from "../conformance-case.ts";
import { dropoutMask } from "../counter-hash.ts";
import { dropout } from "./dropout.ts";

const dropoutCase = (shape: number[], rate: number, seed = 7, stream = 11): OpCase => ({
  name: `[${shape}] rate ${rate}, seed ${seed}, stream ${stream}`,
  inputs: { x: uniform(shape, 1) },
  run: ({ x }) => dropout(x!, { rate, seed, stream }),
  truth: ({ x }) => {
    const mask = dropoutMask(x!.length, rate, seed, stream);
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
    dropoutCase([23, 100], 0.25, 0xffffffff, 0xfffffffe),
    dropoutCase([1003], 0.9),
    dropoutCase([129], 0),
    dropoutCase([0], 0.5),
  ],
};
