import "@tensorflow/tfjs-backend-cpu";
import { describe, expect, it } from "vitest";
import { accumulate, adamw, ema, lawa, sgd } from "../index.ts";
import { disposeMap } from "../state/tensor-map.ts";
import { type Numbers, numbers, plainKernels, read, tensors, worstError } from "../testing/numbers.testing.ts";
import { listed, run } from "../testing/run.testing.ts";
import { latestWeightAverage } from "./averages.ts";

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
