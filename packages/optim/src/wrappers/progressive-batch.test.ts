import "@tensorflow/tfjs-backend-cpu";
import { mul, type Tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { accumulate, clip, gradientNoiseScale, lossScaling, progressiveBatch, sgd } from "../index.ts";
import { disposeMap } from "../state/tensor-map.ts";
import { type Numbers, noise, numbers, tensors, worstError } from "../testing/numbers.testing.ts";
import { listed, one, poisoned, run, scaledBy } from "../testing/run.testing.ts";

describe("a batch that grows by the norm test", () => {
  const stepsOf = async (options: object, gradientOf: (i: number) => Numbers, count: number) => {
    const taken: boolean[] = [];
    await run(
      progressiveBatch(sgd(), options),
      Array.from({ length: count }, (_, i) => () => tensors(gradientOf(i))),
      async (state) => void taken.push((await one(state.count)) === 0),
    );
    return taken;
  };

  it("steps at the least number where gradients agree", async () => {
    expect(await stepsOf({}, () => numbers(2), 6)).toEqual([false, true, false, true, false, true]);
  });

  it("waits for the most where they are noise", async () => {
    // Pairs that cancel: the mean is 0 after every second one.
    const noisy = (i: number) => scaledBy(numbers(2), i % 2 === 0 ? 1 : -1);
    expect(await stepsOf({ most: 4, theta: 1e-3 }, noisy, 8)).toEqual([
      false,
      false,
      false,
      true,
      false,
      false,
      false,
      true,
    ]);
  });

  it("decides by the formula", async () => {
    const gradientOf = (i: number) =>
      Object.fromEntries(
        Object.entries(numbers(2)).map(([name, list]) => [name, list.map((x, j) => x + 2.5 * noise(70 + i, j))]),
      );
    const expected: boolean[] = [];
    let batch: number[][] = [];
    for (let i = 0; i < 30; i++) {
      batch.push(Object.values(gradientOf(i)).flat());
      const n = batch.length;
      const mean = batch[0]!.map((_, j) => batch.reduce((sum, g) => sum + g[j]!, 0) / n);
      const spread = batch.reduce((sum, g) => sum + g.reduce((s, x, j) => s + (x - mean[j]!) ** 2, 0), 0);
      const size = mean.reduce((sum, x) => sum + x * x, 0);
      expected.push(n >= 2 && spread / (n - 1) / n < 0.3 * size);
      if (expected.at(-1)) batch = [];
    }
    const taken = await stepsOf({ theta: 0.3 }, gradientOf, 30);
    expect(taken).toEqual(expected);
    expect(
      new Set(
        taken
          .join()
          .split("true")
          .map((part) => part.length),
      ).size,
    ).toBeGreaterThan(1);
  });

  it("never shrinks where it is monotone", async () => {
    const noisyAtFirst = (i: number) => (i < 4 ? scaledBy(numbers(2), i % 2 === 0 ? 1 : -1) : numbers(2));
    const options = { most: 4, theta: 1e-3 };
    expect(await stepsOf({ ...options, monotone: true }, noisyAtFirst, 8)).toEqual(
      [4, 8].flatMap(() => [false, false, false, true]),
    );
    expect((await stepsOf(options, noisyAtFirst, 8)).slice(4)).toEqual([false, true, false, true]);
  });

  it("takes the mean of what it saw, and drops what is not finite", async () => {
    const three = (i: number) => numbers(20 + i);
    const grown = await run(
      progressiveBatch(clip(sgd(), { maxNorm: 1e9 }), { least: 3, theta: 1e9 }),
      [0, 1, 2].map((i) => () => tensors(three(i))),
    );
    const fixed = await run(
      accumulate(sgd(), { batchSize: 3, microbatchSize: 1 }),
      [0, 1, 2].map((i) => () => tensors(three(i))),
    );
    expect(worstError(grown, listed(fixed))).toBeLessThan(1e-6);
    const spoiled = await run(progressiveBatch(clip(sgd()), { most: 3 }), [
      () => tensors(three(0)),
      () => tensors(poisoned(three(1))),
      () => tensors(three(2)),
    ]);
    expect(worstError(spoiled, numbers(1))).toBe(0);
  });
});

it("grows inside of loss scaling, where each microbatch has the scale of its time", async () => {
  const optimizer = lossScaling(progressiveBatch(sgd(), { least: 3, theta: 1e9 }), { initial: 64, growthInterval: 1 });
  const seeds = [1, 2, 3];
  const scaled = await run(
    optimizer,
    seeds.map((seed) => ({ scale }: { scale: Tensor }) => {
      const plain = tensors(numbers(seed));
      const grads = Object.fromEntries(Object.entries(plain).map(([name, grad]) => [name, mul(grad, scale)]));
      disposeMap(plain);
      return grads;
    }),
  );
  const plain = await run(
    accumulate(sgd(), { batchSize: 3, microbatchSize: 1 }),
    seeds.map((seed) => () => tensors(numbers(seed))),
  );
  expect(worstError(scaled, listed(plain))).toBeLessThan(1e-6);
});

describe("gradient noise scale", () => {
  it("comes from the norms that accumulation measures", async () => {
    // Gradients of one example are `truth + noise`; a microbatch of 4 examples has a quarter of the variance.
    const truth = numbers(2);
    const size = Object.values(truth).flat().length;
    const microbatch = (i: number) =>
      Object.fromEntries(
        Object.entries(truth).map(([name, list], n) => [
          name,
          list.map((x, j) => x + noise(500 + i, 100 * n + j) * 0.5),
        ]),
      );
    const sums = { gradient: 0, noise: 0 };
    let batches = 0;
    const optimizer = accumulate(sgd({ learningRate: 0 }), { batchSize: 32, microbatchSize: 4, measureNoise: true });
    await run(
      optimizer,
      Array.from({ length: 400 }, (_, i) => () => tensors(microbatch(i))),
      async (state) => {
        if (state.count !== 0) return;
        const [smallSquared, bigSquared] = [await one(state.noise.small!), await one(state.noise.big!)];
        const estimate = gradientNoiseScale({ smallSquared, bigSquared, smallBatch: 4, bigBatch: 32 });
        sums.gradient += estimate.gradient;
        sums.noise += estimate.noise;
        batches++;
      },
    );
    const truthSquared = Object.values(truth)
      .flat()
      .reduce((sum, x) => sum + x * x, 0);
    expect(sums.gradient / batches / truthSquared).toBeCloseTo(1, 1);
    expect(sums.noise / batches / (4 * size * (0.25 / 3))).toBeCloseTo(1, 1);
    expect(() => gradientNoiseScale({ smallSquared: 1, bigSquared: 1, smallBatch: 4, bigBatch: 4 })).toThrow(
      /expected 0 < smallBatch < bigBatch, got 4 and 4/,
    );
  });
});

describe.each(["inner-product", "cosine"] as const)("a batch that grows by the %s test", (rule) => {
  /** The test in float64, for batches of these gradients: after which of them there is a step. */
  const decide = (gradientOf: (i: number) => Numbers, count: number, theta: number) => {
    const taken: boolean[] = [];
    let batch: number[][] = [];
    const dot = (a: number[], b: number[]) => a.reduce((sum, x, j) => sum + x * b[j]!, 0);
    const mean = (list: number[][]) => list[0]!.map((_, j) => list.reduce((sum, g) => sum + g[j]!, 0) / list.length);
    for (let i = 0; i < count; i++) {
      batch.push(Object.values(gradientOf(i)).flat());
      const n = batch.length;
      const products = batch.slice(1).map((g, k) => dot(g, mean(batch.slice(0, k + 1))));
      const average = products.reduce((sum, p) => sum + p, 0) / products.length;
      const variance = products.reduce((sum, p) => sum + (p - average) ** 2, 0) / (products.length - 1);
      const [before, now] = [n > 1 ? mean(batch.slice(0, -1)) : [], mean(batch)];
      taken.push(
        rule === "cosine"
          ? n > 1 && dot(before, now) / Math.hypot(...before) / Math.hypot(...now) > theta
          : n > 2 && variance / (n - 1) < theta * average ** 2,
      );
      if (taken.at(-1)) batch = [];
    }
    return taken;
  };

  it.each([0.3, 0.6, 0.95])("decides by the formula, with a theta of %d", async (theta) => {
    const gradientOf = (i: number) =>
      Object.fromEntries(
        Object.entries(numbers(2)).map(([name, list]) => [name, list.map((x, j) => x + 2 * noise(170 + i, j))]),
      );
    const taken: boolean[] = [];
    await run(
      progressiveBatch(sgd(), { rule, theta }),
      Array.from({ length: 40 }, (_, i) => () => tensors(gradientOf(i))),
      async (state) => void taken.push((await one(state.count)) === 0),
    );
    const expected = decide(gradientOf, 40, theta);
    expect(taken).toEqual(expected);
    expect(new Set(expected).size).toBe(2);
  });
});

it("refuses a rule that there is not", () => {
  expect(() => progressiveBatch(sgd(), { rule: "covariance" as "cosine" })).toThrow(
    'progressiveBatch: expected "rule" to be one of norm, inner-product, cosine, got covariance',
  );
});
