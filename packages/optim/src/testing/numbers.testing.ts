import { engine, type Tensor, tensor } from "@tensorflow/tfjs-core";
import type { AdamwAttrs, OptimizerKernels, Progress, TensorMap } from "../contracts.ts";

// What the tests share: tensors from numbers and back, a small deterministic source of numbers, and kernels that
// really write in place, over the memory of the stock cpu backend.

export type Numbers = Record<string, number[]>;

export const progressAt = (step: number): Progress => ({
  microbatch: step,
  step,
  examples: 0,
  tokens: 0,
  elapsedMs: 0,
  fraction: 0,
});

/** Numbers in [-1, 1), the same ones for the same seed: a 32-bit hash of (seed, position). */
export const noise = (seed: number, position: number): number => {
  let x = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(position + 1, 0xc2b2ae35);
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return ((x ^ (x >>> 15)) >>> 0) / 2 ** 31 - 1;
};

export const shapes: Readonly<Record<string, readonly number[]>> = {
  "embedding.weight": [6, 4],
  "layers.0.attn.weight": [4, 4],
  "layers.0.ffn.weight": [3, 5],
  "layers.0.norm1.weight": [4],
  "layers.0.ffn.bias": [3],
};

/** Replaces each number of a list. */
export const change = (list: number[], fn: (x: number, i: number) => number): void => {
  for (let i = 0; i < list.length; i++) list[i] = fn(list[i]!, i);
};

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, side) => size * side, 1);

/** Values as float32 has them, so that float64 equations begin where the tensors do. */
export const numbers = (seed: number, scale = 1): Numbers =>
  Object.fromEntries(
    Object.entries(shapes).map(([name, shape], n) => [
      name,
      Array.from({ length: sizeOf(shape) }, (_, i) => Math.fround(scale * noise(seed, 1000 * n + i))),
    ]),
  );

export const tensors = (values: Numbers): TensorMap =>
  Object.fromEntries(
    Object.entries(values).map(([name, list]) => [name, tensor(list, [...(shapes[name] ?? [list.length])])]),
  );

export const read = async (map: TensorMap): Promise<Record<string, Float32Array>> =>
  Object.fromEntries(
    await Promise.all(Object.entries(map).map(async ([name, t]) => [name, Float32Array.from(await t.data())] as const)),
  );

/** The largest difference, relative to the largest value of the tensor that it is in. */
export const worstError = (actual: Record<string, ArrayLike<number>>, expected: Numbers): number => {
  let worst = 0;
  for (const [name, values] of Object.entries(expected)) {
    const size = Math.max(1e-30, ...values.map(Math.abs));
    values.forEach((value, i) => {
      const error = Math.abs(actual[name]![i]! - value) / size;
      worst = error >= 0 ? Math.max(worst, error) : Number.NaN;
    });
  }
  return worst;
};

const memoryOf = (t: Tensor): Float32Array =>
  (engine().backend as unknown as { data: { get(id: object): { values: Float32Array } } }).data.get(t.dataId).values;

export const plainKernels: Required<Omit<OptimizerKernels, "clip">> = {
  adamw(updates, gradScale, a: AdamwAttrs) {
    const scale = memoryOf(gradScale)[0]!;
    if (scale === 0 || !Number.isFinite(scale)) return;
    for (const { param, grad, mu, nu, weightDecay } of updates) {
      const [p, g, m, v] = [param, grad, mu, nu].map(memoryOf) as [
        Float32Array,
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      for (let i = 0; i < p.length; i++) {
        const x = Math.fround(g[i]! * scale);
        m[i] = a.b1 * m[i]! + (1 - a.b1) * x;
        v[i] = a.b2 * v[i]! + (1 - a.b2) * x * x;
        const update = m[i]! / a.correction1 / (Math.sqrt(v[i]! / a.correction2) + a.epsilon);
        p[i] = p[i]! - a.learningRate * (update + weightDecay * p[i]!);
      }
    }
  },
  accumulate(sums, grads, scale) {
    for (const [j, sum] of sums.entries()) {
      const [s, g] = [memoryOf(sum), memoryOf(grads[j]!)];
      for (let i = 0; i < s.length; i++) s[i] = s[i]! + scale * g[i]!;
    }
  },
  globalNorm: (list) =>
    tensor(Math.sqrt(list.reduce((total, t) => total + memoryOf(t).reduce((sum, x) => sum + x * x, 0), 0)), []),
};
