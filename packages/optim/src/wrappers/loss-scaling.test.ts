import "@tensorflow/tfjs-backend-cpu";
import { mul, type Tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { accumulate, adamw, clip, lion, lossScaling, muon, sgd, skipNonFinite } from "../index.ts";
import { disposeMap } from "../state/tensor-map.ts";
import { numbers, plainKernels, read, tensors, worstError } from "../testing/numbers.testing.ts";
import { listed, one, poisoned, run } from "../testing/run.testing.ts";

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

  it.each([undefined, plainKernels])("counts what was skipped: all of it, and in a row", async (kernels) => {
    const good = () => tensors(numbers(5));
    const bad = () => tensors(poisoned(numbers(6)));
    const counts: number[][] = [];
    await run(
      clip(adamw({ kernels }), { kernels }),
      [good, bad, bad, good, bad],
      async ({ skipped, skippedInARow }) => {
        counts.push([await one(skipped), await one(skippedInARow)]);
      },
    );
    expect(counts).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
      [2, 0],
      [3, 1],
    ]);
  });

  it("skips for every other optimizer, too", async () => {
    for (const make of [() => lion(), () => sgd(), () => muon()]) {
      const clean = await run(make(), [() => tensors(numbers(2))]);
      const dirty = await run(skipNonFinite(make()), [() => tensors(numbers(2)), () => tensors(poisoned(numbers(3)))]);
      expect(dirty).toEqual(clean);
    }
  });
});
