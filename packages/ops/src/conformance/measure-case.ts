import { randomStream, streamKey } from "@cramkit/random";
import { type Tensor, tensor, tidy, valueAndGrads } from "@tensorflow/tfjs-core";
import type { OpCase } from "../conformance-case.ts";

/** How far an op is from its truth, relative to the largest magnitude of the tensor compared. */
export interface ConformanceErrors {
  forward: number;
  /** Of single partial derivatives and of one directional derivative over all elements, per input. */
  gradients: Record<string, number>;
}

/** Weights in -1 <= w < 1, by place. */
const weights = (name: string): ((i: number) => number) => {
  const { bits } = randomStream(streamKey(0, name));
  return (i) => bits(i) / 2 ** 31 - 1;
};
const largest = (values: ArrayLike<number>): number =>
  Array.prototype.reduce.call(values, (a, v) => Math.max(a as number, Math.abs(v as number)), 0) as number;

/**
 * Runs one case on the current backend, with tensor values as they are stored there, and measures its distance from the
 * float64 truth: the value element by element, the gradients of sum(value * dy) against central differences of the truth.
 */
export const measureCase = async (testCase: OpCase, samples = 6): Promise<ConformanceErrors> => {
  const { inputs, run, truth } = testCase;
  const want = truth(Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.values])));
  const dyAt = weights("upstream");
  const dy = Float32Array.from(want, (_, i) => dyAt(i));
  const names = Object.keys(inputs).filter((name) => inputs[name]!.differentiable);

  const outputs = tidy(() => {
    const tensors = Object.fromEntries(
      Object.entries(inputs).map(([name, { values, shape }]) => [
        name,
        tensor(values, shape, values instanceof Int32Array ? "int32" : "float32"),
      ]),
    );
    const f = (...xs: Tensor[]) => run({ ...tensors, ...Object.fromEntries(names.map((name, i) => [name, xs[i]!])) });
    const plain = run(tensors);
    const { value, grads } = valueAndGrads(f)(
      names.map((name) => tensors[name]!),
      tensor(dy, plain.shape),
    );
    return [plain, value, ...grads];
  });
  const [plain, value, ...grads] = await Promise.all(outputs.map((output) => output.data()));
  for (const output of outputs) output.dispose();

  const scale = largest(want) || 1;
  const errorOf = (got: ArrayLike<number>) =>
    got.length === want.length ? largest(want.map((w, i) => got[i]! - w)) / scale : Number.POSITIVE_INFINITY;
  // NaN compares false everywhere: make it an infinite error.
  const total = (a: number) => (Number.isNaN(a) ? Number.POSITIVE_INFINITY : a);
  const objective = (name: string, values: ArrayLike<number>): number => {
    const all = Object.fromEntries(
      Object.entries(inputs).map(([key, input]) => [key, input.values as ArrayLike<number>]),
    );
    const y = truth({ ...all, [name]: values });
    return y.reduce((sum, v, i) => sum + v * dy[i]!, 0);
  };
  const gradients = Object.fromEntries(
    names.map((name, g) => [
      name,
      total(gradientError(inputs[name]!.values, grads[g]!, (v) => objective(name, v), samples)),
    ]),
  );
  return { forward: Math.max(total(errorOf(plain!)), total(errorOf(value!))), gradients };
};

/** Largest error of `samples` partial derivatives and of one directional derivative. */
const gradientError = (
  at: ArrayLike<number>,
  gradient: ArrayLike<number>,
  objective: (values: Float64Array) => number,
  samples: number,
): number => {
  const n = at.length;
  if (gradient.length !== n) return Number.POSITIVE_INFINITY;
  if (n === 0) return 0;
  const step = 1e-5 * (largest(at) || 1);
  const difference = (direction: (i: number) => number): number => {
    const shifted = (sign: number) => Float64Array.from(at, (value, i) => value + sign * step * direction(i));
    return (objective(shifted(1)) - objective(shifted(-1))) / (2 * step);
  };
  const scale = largest(gradient) || 1;
  const sampled = randomStream(streamKey(0, "samples"));
  let error = 0;
  for (let s = 0; s < Math.min(samples, n); s++) {
    const k = n <= samples ? s : sampled.below(n, s);
    error = Math.max(error, Math.abs(gradient[k]! - difference((i) => (i === k ? 1 : 0))) / scale);
  }
  const directionAt = weights("direction");
  let along = 0;
  let square = 0;
  for (let i = 0; i < n; i++) {
    const term = gradient[i]! * directionAt(i);
    along += term;
    square += term * term;
  }
  return Math.max(error, Math.abs(along - difference((i) => directionAt(i))) / (Math.sqrt(square) || 1));
};
