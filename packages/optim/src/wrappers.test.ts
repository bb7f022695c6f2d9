import "@tensorflow/tfjs-backend-cpu";
import { memory, mul, type Tensor, tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import {
  accumulate,
  adafactor,
  adahessian,
  adamw,
  adamwScale,
  agd,
  clip,
  disposeState,
  ema,
  gradientNoiseScale,
  groups,
  lamb,
  larc,
  lars,
  latestWeightAverage,
  lawa,
  lion,
  lossScaling,
  muon,
  type Optimizer,
  orthogonalize,
  progressiveBatch,
  type State,
  sam,
  sgd,
  shampoo,
  skipNonFinite,
  sophia,
  stateTensors,
  type TensorMap,
} from "./index.ts";
import {
  type Numbers,
  noise,
  numbers,
  plainKernels,
  progressAt,
  read,
  tensors,
  worstError,
} from "./numbers.testing.ts";
import { disposeMap } from "./tensor-map.ts";

/** Runs an optimizer over gradients; `see` looks at each step. Checks that nothing is left behind. */
const run = async <S extends State>(
  optimizer: Optimizer<S>,
  grads: ((state: S) => TensorMap)[],
  see: (state: S, params: TensorMap) => Promise<void> | void = () => {},
) => {
  const before = memory().numTensors;
  let params = tensors(numbers(1));
  let state = optimizer.init(params);
  for (const [i, grad] of grads.entries()) {
    ({ params, state } = optimizer.update(grad(state), state, params, progressAt(i)));
    await see(state, params);
  }
  const values = await read(params);
  disposeMap(params);
  disposeState(state);
  expect(memory().numTensors).toBe(before);
  return values;
};

const scaledBy = (grads: Numbers, factor: number): Numbers =>
  Object.fromEntries(Object.entries(grads).map(([name, list]) => [name, list.map((x) => x * factor)]));
const listed = (values: Record<string, Float32Array>): Numbers =>
  Object.fromEntries(Object.entries(values).map(([name, list]) => [name, [...list]]));
const poisoned = (grads: Numbers): Numbers => ({ ...grads, "layers.0.ffn.bias": [0, Number.POSITIVE_INFINITY, 0] });
const one = async (scalar: Tensor) => (await scalar.data())[0]!;

describe("loss scaling", () => {
  const scaledGradients = (seed: number) => (state: { scale: Tensor }) => {
    const plain = tensors(numbers(seed, 0.3));
    const scaled = Object.fromEntries(Object.entries(plain).map(([name, grad]) => [name, mul(grad, state.scale)]));
    disposeMap(plain);
    return scaled;
  };

  it.each([undefined, plainKernels])("changes nothing where all is finite", async (kernels) => {
    const inner = () => clip(adamw({ kernels }), { kernels });
    const plain = await run(
      inner(),
      [1, 2, 3].map((seed) => () => tensors(numbers(seed, 0.3))),
    );
    const scaled = await run(lossScaling(inner(), { kernels }), [1, 2, 3].map(scaledGradients));
    expect(worstError(scaled, listed(plain))).toBeLessThan(1e-6);
  });

  it("falls and skips where it is not, and grows after good steps", async () => {
    const optimizer = lossScaling(adamw(), { initial: 1024, growthInterval: 2, highest: 1024 });
    const scales: number[] = [];
    const moved: boolean[] = [];
    let last = numbers(1);
    const good = scaledGradients(5);
    const bad = () => tensors(poisoned(numbers(6)));
    await run(optimizer, [good, bad, bad, good, good, good, good, good, good], async (state, params) => {
      scales.push(await one(state.scale));
      const values = await read(params);
      moved.push(worstError(values, last) > 0);
      last = listed(values);
    });
    expect(scales).toEqual([1024, 512, 256, 256, 512, 512, 1024, 1024, 1024]);
    expect(moved).toEqual([true, false, false, true, true, true, true, true, true]);
  });

  it("takes the scale out of the gradients, outside of accumulation and inside", async () => {
    // Plain descent: Adam would not notice a wrong scale.
    const sizes = { batchSize: 2, microbatchSize: 1 };
    const seeds = [1, 2, 3, 4];
    const expected = await run(
      accumulate(sgd({ learningRate: 0.1 }), sizes),
      seeds.map((seed) => () => tensors(numbers(seed, 0.3))),
    );
    const outside = lossScaling(accumulate(sgd({ learningRate: 0.1 }), sizes), { initial: 256 });
    expect(worstError(await run(outside, seeds.map(scaledGradients)), listed(expected))).toBeLessThan(1e-6);
    const inside = accumulate(lossScaling(sgd({ learningRate: 0.1 }), { initial: 256 }), sizes);
    const scaled = seeds.map((seed) => (state: { inner: { scale: Tensor } }) => scaledGradients(seed)(state.inner));
    expect(worstError(await run(inside, scaled), listed(expected))).toBeLessThan(1e-6);
  });

  it("leaves the norm of the true mean gradient to clipping", async () => {
    const sizes = { batchSize: 2, microbatchSize: 1 };
    const optimizer = accumulate(lossScaling(clip(sgd()), { initial: 256 }), sizes);
    const [a, b] = [numbers(1, 0.3), numbers(2, 0.3)].map((grads) => Object.values(grads).flat());
    const expected = Math.hypot(...a!.map((x, i) => (x + b![i]!) / 2));
    const scaled = [1, 2].map((seed) => (state: { inner: { scale: Tensor } }) => scaledGradients(seed)(state.inner));
    await run(optimizer, scaled, async ({ count, inner }) => {
      if (count === 0) expect((await one(inner.inner.norm)) / expected).toBeCloseTo(1, 5);
    });
  });

  it("skips for every other optimizer, too", async () => {
    for (const make of [() => lion(), () => sgd(), () => muon()]) {
      const clean = await run(make() as Optimizer, [() => tensors(numbers(2))]);
      const dirty = await run(skipNonFinite(make() as Optimizer), [
        () => tensors(numbers(2)),
        () => tensors(poisoned(numbers(3))),
      ]);
      expect(dirty).toEqual(clean);
    }
  });
});

describe("averages", () => {
  it("ema follows the parameters", async () => {
    const optimizer = ema(sgd({ learningRate: 0.1 }), { decay: 0.9 });
    const expected = numbers(1);
    await run(
      optimizer,
      [2, 3, 4].map((seed) => () => tensors(numbers(seed))),
      async ({ average }, params) => {
        for (const [name, list] of Object.entries(listed(await read(params)))) {
          expected[name] = list.map((x, i) => 0.9 * expected[name]![i]! + 0.1 * x);
        }
        expect(worstError(await read(average), expected)).toBeLessThan(1e-6);
      },
    );
  });

  it("ema stands still while gradients accumulate, and shares nothing with the parameters", async () => {
    const inner = accumulate(adamw({ learningRate: 0.1, kernels: plainKernels }), { batchSize: 2, microbatchSize: 1 });
    const start = numbers(1);
    await run(
      ema(inner, { decay: 0.5 }),
      [2, 3, 4].map((seed) => () => tensors(numbers(seed))),
      async ({ average, inner: { count, inner: moments } }, params) => {
        if (moments.count === 0) return expect(worstError(await read(average), start)).toBe(0);
        const now = listed(await read(params));
        const expected = Object.fromEntries(
          Object.entries(now).map(([name, list]) => [name, list.map((x, i) => (x + start[name]![i]!) / 2)]),
        );
        expect(worstError(await read(average), expected), `after ${count} more`).toBeLessThan(1e-6);
      },
    );
  });

  it("lawa averages its last copies", async () => {
    const optimizer = lawa(adamw({ kernels: plainKernels }), { snapshots: 2, every: 2 });
    const seen: Numbers[] = [];
    const counts: number[] = [];
    await run(
      optimizer,
      [2, 3, 4, 5, 6, 7, 8].map((seed) => () => tensors(numbers(seed))),
      async (state, params) => {
        seen.push(listed(await read(params)));
        counts.push(state.snapshots.length);
        if (seen.length !== 7) return;
        const average = latestWeightAverage(state)!;
        const expected = Object.fromEntries(
          Object.entries(seen[3]!).map(([name, list]) => [name, list.map((x, i) => (x + seen[5]![name]![i]!) / 2)]),
        );
        expect(worstError(await read(average), expected)).toBeLessThan(1e-6);
        disposeMap(average);
      },
    );
    expect(counts).toEqual([0, 1, 1, 2, 2, 2, 2]);
    expect(latestWeightAverage({ snapshots: [] })).toBeUndefined();
  });
});

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

describe("groups", () => {
  const params = () => tensors(numbers(1));
  const refuses = (optimizer: Optimizer<never> | Optimizer, message: string | RegExp) => {
    const own = params();
    expect(() => (optimizer as Optimizer).init(own)).toThrow(message);
    disposeMap(own);
  };

  it("refuse a pattern that matches nothing, and parameters without a group", () => {
    refuses(
      groups([{ params: ["conv"], optimizer: adamw() }, { optimizer: sgd() }]) as Optimizer,
      'groups: expected the pattern "conv" to match a parameter',
    );
    refuses(
      groups([{ params: ["norm"], optimizer: adamw() }]) as Optimizer,
      'groups: expected a group for every parameter, got none for "embedding.weight"',
    );
    refuses(
      groups([{ params: () => false, optimizer: adamw() }, { optimizer: sgd() }]) as Optimizer,
      "groups: expected group 0",
    );
  });

  it("muon refuses what is no matrix, and makes matrices orthogonal", async () => {
    const transformation = orthogonalize({ iterations: 8 });
    const own = params();
    expect(() => transformation.init(own)).toThrow('got "layers.0.norm1.weight" of rank 1; give it to another group');
    disposeMap(own);
    const matrix = { w: tensor(numbers(4)["layers.0.ffn.weight"]!, [3, 5]) };
    const { updates } = transformation.update(matrix, transformation.init(matrix), matrix, progressAt(0));
    const rows = (await updates.w!.array()) as number[][];
    for (const a of rows) {
      const length = Math.hypot(...a);
      expect(length).toBeGreaterThan(0.6);
      expect(length).toBeLessThan(1.3);
    }
    disposeMap(updates);
  });

  it("keep states of different length apart", () => {
    const optimizer = groups([{ params: ["norm"], optimizer: sgd() }, { optimizer: adamw() }]);
    const own = params();
    expect(() => optimizer.update(own, [], own, progressAt(0))).toThrow("groups: expected 2 states, got 0");
    disposeMap(own);
  });
});

describe("norms of 0", () => {
  const step = async (optimizer: Optimizer, param: number[], grad: number[]) => {
    const params = tensors({ w: param });
    const state = optimizer.init(params);
    const result = optimizer.update(tensors({ w: grad }), state, params, progressAt(0));
    const values = [...(await result.params.w!.data())];
    disposeMap(result.params);
    disposeState(result.state);
    return values;
  };

  it("let lamb and lars take the plain step", async () => {
    expect(await step(lamb({ learningRate: 0.5 }) as Optimizer, [0, 0], [1, -2])).toEqual([
      expect.closeTo(-0.5, 5),
      expect.closeTo(0.5, 5),
    ]);
    expect(await step(lamb({ learningRate: 0.5, weightDecay: 0 }) as Optimizer, [3, 4], [0, 0])).toEqual([3, 4]);
    const plain = { learningRate: 0.5, momentum: 0, weightDecay: 0.1 };
    expect(await step(lars(plain) as Optimizer, [0, 0], [1, -2])).toEqual([-0.5, 1]);
    expect(await step(lars(plain) as Optimizer, [3, 4], [0, 0])).toEqual([3, 4]);
    expect(await step(larc({ ...plain, learningRate: 0 }) as Optimizer, [3, 4], [1, 1])).toEqual([3, 4]);
  });

  it("let adamwScale move weights that are 0", async () => {
    expect(await step(adamwScale({ learningRate: 0.5 }) as Optimizer, [0, 0], [1, -2])).toEqual([
      expect.closeTo(-0.0005, 6),
      expect.closeTo(0.0005, 6),
    ]);
  });

  it("leave everything where it is, without NaN, in agd, adafactor, shampoo and muon", async () => {
    const moved = [agd(), adafactor(), shampoo({ weightDecay: 0 })].map((optimizer) =>
      step(optimizer as Optimizer, [3, 4], [0, 0]),
    );
    expect(await Promise.all(moved)).toEqual([3, 3, 3].map(() => [3, 4]));
    const params = { w: tensor([1, 2, 3, 4], [2, 2]) };
    const optimizer = muon({ notMatrices: [], weightDecay: 0 });
    const zero = { w: tensor([0, 0, 0, 0], [2, 2]) };
    const result = optimizer.update(zero, optimizer.init(params), params, progressAt(0));
    expect([...(await result.params.w!.data())]).toEqual([1, 2, 3, 4]);
    disposeMap(result.params);
    disposeState(result.state);
  });
});

describe("optimizers that need more gradients", () => {
  it.each([
    ["sam", () => sam(adamw()) as Optimizer],
    ["scaleBySophia", () => sophia() as Optimizer],
    ["scaleByAdahessian", () => adahessian() as Optimizer],
  ])("%s says so", (name, make) => {
    const params = tensors({ a: [1, 2] });
    const grads = tensors({ a: [1, 2] });
    const optimizer = make();
    const state = optimizer.init(params);
    expect(() => optimizer.update(grads, state, params, progressAt(0))).toThrow(
      `${name}: expected gradients as { grads, evaluate }, got gradients alone`,
    );
    for (const map of [params, grads, stateTensors(state)]) disposeMap(map);
  });

  it("sam skips what is not finite, inside of loss scaling", async () => {
    const optimizer = lossScaling(sam(sgd({ learningRate: 0.1 })));
    const params = tensors({ a: [1, 2] });
    const state = optimizer.init(params);
    const gradients = { grads: tensors({ a: [Number.NaN, 1] }), evaluate: () => tensors({ a: [1, 1] }) };
    const result = optimizer.update(gradients, state, params, progressAt(0));
    expect([...(await result.params.a!.data())]).toEqual([1, 2]);
    disposeMap(result.params);
    disposeState(result.state);
  });
});
