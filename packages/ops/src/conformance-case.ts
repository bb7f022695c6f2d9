import { randomStream, streamKey } from "@cramkit/random";
import type { Tensor } from "@tensorflow/tfjs-core";

/** One input tensor of a case, with its values. */
export interface SpecInput {
  shape: number[];
  values: Float32Array | Int32Array;
  /** Whether the op has a gradient for it: the float inputs, unless said otherwise. */
  differentiable: boolean;
}

/** One call of an op, with its truth. Read by the conformance tests of every backend. */
export interface OpCase {
  name: string;
  /** In the order in which `run` and `truth` take them. */
  inputs: Record<string, SpecInput>;
  /** The op on tensors. */
  run: (inputs: Record<string, Tensor>) => Tensor;
  /** The op in float64, in plain loops. */
  truth: (inputs: Record<string, ArrayLike<number>>) => Float64Array;
  /** Allowed error, relative to the largest magnitude of the tensor compared. */
  tolerance: number;
}

export interface OpSpec {
  op: string;
  /** The kernels that the op may dispatch to (see kernels.ts). */
  kernels: string[];
  cases: OpCase[];
}

const size = (shape: number[]): number => shape.reduce((a, b) => a * b, 1);

/** Uniform in -scale..scale, a pure function of the seed. */
export const uniform = (shape: number[], seed: number, scale = 1): SpecInput => {
  const { bits } = randomStream(streamKey(seed, "uniform"));
  const values = Float32Array.from({ length: size(shape) }, (_, i) => (bits(i) / 2 ** 31 - 1) * scale);
  return { shape, values, differentiable: true };
};

/** Integers in 0..limit-1. */
export const integers = (shape: number[], seed: number, limit: number): SpecInput => {
  const { below } = randomStream(streamKey(seed, "integers"));
  const values = Int32Array.from({ length: size(shape) }, (_, i) => below(limit, i));
  return { shape, values, differentiable: false };
};
