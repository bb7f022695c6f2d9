import { dispose, scalar, type Tensor, tensor } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uniform } from "../conformance-case.ts";
import { linear } from "../linear/linear.ts";
import { startTestBackend, type TestBackend, testableTiers } from "../testing/adapter.testing.ts";
import { optimizerKernels } from "./kernels.ts";

const tiers = await testableTiers();

/** Storage buffers of a dispatch: what every device has, what many have, and the most that is used. */
const limits = [8, 10, 16];

const lengthsOf: [string, number[]][] = [
  ["a scalar", [1]],
  ["vectors alone", [4, 768, 16384, 16388]],
  [
    "lengths of every kind, more than a dispatch takes",
    [1, 4, 3, 768, 5, 64, 4096, 4097, 16, 99_999, 2, 8, 12, 65_540, 1024, 1024, 1028],
  ],
  ["as many as two dispatches take", Array.from({ length: 30 }, (_, i) => 4 * i + 4)],
];

describe.runIf(tiers.length > 0)("kernels over many tensors", () => {
  let started: TestBackend | undefined;
  let offered = 8;
  beforeAll(async () => {
    started = await startTestBackend({ storageBuffers: 16 });
    started.backend.poison = true;
    offered = started.backend.capabilities.limits.maxStorageBuffersPerShaderStage;
  });
  afterAll(() => started?.dispose());

  const allow = (buffers: number) =>
    Object.assign(started!.backend.capabilities.limits, { maxStorageBuffersPerShaderStage: buffers });
  const usable = () => limits.filter((limit) => limit <= offered);

  /** Dispatches of a kernel while `run` runs. */
  const dispatches = (kernel: string, run: () => void): number =>
    [...started!.backend.countTraffic(run)]
      .filter(([key]) => key.startsWith(kernel))
      .reduce((sum, [, one]) => sum + one.dispatches, 0);

  /** Dispatches of vectors and of scalars, `each` tensors in one. */
  const expected = (lengths: number[], each: number) => {
    const vectors = lengths.filter((n) => n % 4 === 0).length;
    return Math.ceil(vectors / each) + Math.ceil((lengths.length - vectors) / each);
  };

  const valuesOf = (lengths: number[], seed: number, scale = 1) =>
    lengths.map((length, i) => uniform([length], 100 * seed + i, scale).values as Float32Array);

  const read = (tensors: readonly Tensor[]) =>
    Promise.all(tensors.map(async (one) => (await one.data()) as Float32Array));

  it.each(lengthsOf)("the norm of %s", async (_, lengths) => {
    const values = lengths.map((length, seed) => uniform([length], seed, 1 + seed).values);
    let want = 0;
    for (const one of values) for (const value of one) want += value * value;
    const { globalNorm } = optimizerKernels()!;
    const tensors = values.map((one) => tensor(one));
    const norms = new Set<number>();
    for (const limit of usable()) {
      allow(limit);
      let norm: Tensor | undefined;
      const count = dispatches("global-norm.squares", () => {
        norm = globalNorm(tensors);
      });
      const [got] = await norm!.data();
      norms.add(got!);
      expect(Math.abs(got! / Math.sqrt(want) - 1)).toBeLessThan(1e-6);
      expect(count).toBe(expected(lengths, limit - 1));
    }
    // How tensors share dispatches changes nothing.
    expect(norms.size).toBe(1);
  });

  it.each(lengthsOf)("AdamW of %s", async (_, lengths) => {
    const { adamw } = optimizerKernels()!;
    const attrs = { learningRate: 0.01, b1: 0.9, b2: 0.98, epsilon: 1e-8, correction1: 0.19, correction2: 0.0396 };
    const [params, grads, mus, nus] = [1, 2, 3, 4].map((seed) => valuesOf(lengths, seed)) as [
      Float32Array[],
      Float32Array[],
      Float32Array[],
      Float32Array[],
    ];
    const decayOf = (i: number) => (i % 3 === 0 ? 0 : 0.1 * i);
    for (const limit of usable()) {
      allow(limit);
      const updates = lengths.map((_, i) => ({
        ...{ param: tensor(params[i]!), grad: tensor(grads[i]!), mu: tensor(mus[i]!) },
        ...{ nu: tensor(nus[i]!.map(Math.abs)), weightDecay: decayOf(i) },
      }));
      const count = dispatches("adamw", () => adamw(updates, scalar(0.5), attrs));
      expect(count).toBe(expected(lengths, Math.max(1, Math.floor((limit - 1) / 4))));
      for (const skip of [0, Number.NaN, Number.POSITIVE_INFINITY]) adamw(updates, scalar(skip), attrs);
      const got = {
        param: await read(updates.map(({ param }) => param)),
        mu: await read(updates.map(({ mu }) => mu)),
        nu: await read(updates.map(({ nu }) => nu)),
      };
      let worst = 0;
      const see = (value: number, want: number) => {
        const error = Math.abs(value - want) / Math.max(0.1, Math.abs(want));
        worst = error >= 0 ? Math.max(worst, error) : Number.NaN;
      };
      for (const [i, length] of lengths.entries())
        for (let j = 0; j < length; j++) {
          const g = 0.5 * grads[i]![j]!;
          const mu = 0.9 * mus[i]![j]! + 0.1 * g;
          const nu = 0.98 * Math.abs(nus[i]![j]!) + 0.02 * g * g;
          const param = params[i]![j]!;
          const step = mu / 0.19 / (Math.sqrt(nu / 0.0396) + 1e-8) + decayOf(i) * param;
          see(got.mu[i]![j]!, mu);
          see(got.nu[i]![j]!, nu);
          see(got.param[i]![j]!, param - 0.01 * step);
        }
      expect(worst).toBeLessThan(1e-5);
      for (const { param, grad, mu, nu } of updates) dispose([param, grad, mu, nu]);
    }
  });

  it.each(lengthsOf)("sums of %s", async (_, lengths) => {
    const { accumulate } = optimizerKernels()!;
    const [sums, grads] = [1, 2].map((seed) => valuesOf(lengths, seed)) as [Float32Array[], Float32Array[]];
    for (const limit of usable()) {
      allow(limit);
      const into = sums.map((one) => tensor(one));
      const count = dispatches("accumulate", () =>
        accumulate(
          into,
          grads.map((one) => tensor(one)),
          0.25,
        ),
      );
      expect(count).toBe(expected(lengths, limit / 2));
      const got = await read(into);
      for (const [i, one] of got.entries())
        expect(
          Math.max(...one.map((value, j) => Math.abs(value - (sums[i]![j]! + 0.25 * grads[i]![j]!)))),
        ).toBeLessThan(1e-6);
    }
  });
});

describe.runIf(tiers.includes("matrix"))("AdamW beside f16 copies", () => {
  it("keeps those of several weights in step, each its own", async () => {
    const { backend, dispose: stop } = await startTestBackend({ tier: "matrix" });
    // Weights of one product, with a copy; one that has none is updated beside them.
    const weights = [1, 2, 3, 4, 5].map((seed) => tensor(uniform([128, 64], seed).values, [128, 64]));
    const alone = tensor(uniform([128, 64], 6).values, [128, 64]);
    const x = tensor(uniform([64, 64], 7).values, [64, 64]);
    for (const weight of weights) linear(x, weight).dispose();
    const updates = [...weights.slice(0, 2), alone, ...weights.slice(2)].map((param, i) => ({
      ...{ param, grad: tensor(uniform([128, 64], 20 + i).values, [128, 64]) },
      ...{ mu: tensor(new Float32Array(8192), [128, 64]), nu: tensor(new Float32Array(8192), [128, 64]) },
      weightDecay: 0.1 * i,
    }));
    const attrs = { learningRate: 0.1, b1: 0.9, b2: 0.99, epsilon: 1e-8, correction1: 0.1, correction2: 0.01 };
    optimizerKernels()!.adamw(updates, scalar(1), attrs);
    const made = new Set<string>();
    const after: Tensor[] = [];
    for (const key of backend.countTraffic(() => after.push(...weights.map((weight) => linear(x, weight)))).keys())
      if (key.startsWith("half.")) made.add(key);
    expect([...made]).toEqual([]);
    // The same weights without their copies: products of them round what they read alike.
    const anew = await Promise.all(weights.map(async (weight) => tensor(await weight.data(), [128, 64])));
    for (const [i, y] of after.entries()) expect(await y.data()).toEqual(await linear(x, anew[i]!).data());
    stop();
  });
});
