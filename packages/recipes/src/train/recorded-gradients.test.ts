import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type StartedCuda, startCuda } from "@cramkit/backend/cuda";
import { buildCudaEmulator, type CudaEmulator } from "@cramkit/backend/cuda-emulator";
import { fault, hasCode, problemOf } from "@cramkit/errors";
import { preset } from "@cramkit/model";
import { type OptimizerKernels, optimizerKernels, registerGradients } from "@cramkit/ops";
import { cudaKernels } from "@cramkit/ops/cuda";
import { dispose, type TensorContainer } from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, it } from "vitest";
import { crammedBert } from "../catalogue/crammed-bert.ts";
import { studySettings } from "../recipe/optimizer-settings.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { changed, run, runInParts, tinyPretraining } from "../testing/pretraining.testing.ts";
import { repeatsItself } from "./recorded-gradients.ts";

/** The emulated card with the kernels of ops, or why there is none, said loudly. */
const emulated = (): CudaEmulator | undefined => {
  const ops = dirname(createRequire(import.meta.url).resolve("@cramkit/ops/package.json"));
  try {
    return buildCudaEmulator({ kernels: [join(ops, "src", "cuda-kernels.cu")] });
  } catch (error) {
    if (!hasCode(error, "unsupported")) throw error;
    console.warn(`\n######## recorded steps are NOT TESTED: ${problemOf(error)} ########\n`);
    return undefined;
  }
};
const emulator = emulated();

let started: StartedCuda | undefined;
afterEach(() => {
  started?.dispose();
  started = undefined;
  emulator?.set("memoryBytes", 2 ** 34);
});

const numbersOf = ({ weights, metrics }: Awaited<ReturnType<typeof run>>) => ({
  weights,
  ...Object.fromEntries(["loss", "heldOutLoss", "lossScale"].map((name) => [name, metrics.map((row) => row[name])])),
});

describe.runIf(emulator)("recorded microbatches", () => {
  tinyPretraining();

  /** What `body` gives and launches, on a card of its own that records or does not. */
  const on = async <T>(
    { backend: { precision } }: Recipe,
    records: boolean,
    body: (start: {
      backend: string;
      kernels: OptimizerKernels;
      recorder?: () => StartedCuda["backend"];
    }) => Promise<T>,
  ) => {
    registerGradients();
    const restart = async () => {
      started?.dispose();
      started = await startCuda({ library: emulator!.library, precision }, cudaKernels);
    };
    await restart();
    const before = emulator!.get("graphLaunches");
    const result = await body({
      ...{ backend: "cuda", kernels: optimizerKernels()!, restart },
      ...(records && { recorder: () => started!.backend }),
    });
    const { launches } = started!.backend.counters();
    started!.dispose();
    expect([emulator!.get("bytes"), emulator!.get("allocations")]).toEqual([0, 0]);
    return { result, launches, replays: emulator!.get("graphLaunches") - before };
  };

  it("give the losses and weights of unrecorded ones, over a batch that grows, evaluations and resumes", async () => {
    const recipe = changed({
      backend: { precision: "mixed" },
      training: { budget: "10 steps", batchSize: 6, microbatchSize: 2, batchRamp: 0.6, dropout: 0.1 },
      evaluation: { every: 0.3, rows: 4 },
    });
    const plain = await on(recipe, false, (start) => run({ recipe, ...start }));
    const whole = await on(recipe, true, (start) => run({ recipe, ...start }));
    const recorded = await on(recipe, true, (start) => runInParts({ recipe, ...start }, 7));
    expect(numbersOf(whole.result)).toEqual(numbersOf(plain.result));
    // A stop in the middle of a batch, which comes sooner or later, leaves the mean of the rest alone in the log.
    const afterStops = ({ weights, metrics }: typeof plain.result) => ({
      weights,
      heldOutLosses: metrics.flatMap(({ heldOutLoss }) => heldOutLoss ?? []),
    });
    expect(afterStops(recorded.result)).toEqual(afterStops(plain.result));
    const { microbatch } = plain.result.progress;
    expect(plain.replays).toBe(0);
    // Each part computes two before it replays, and two more after each evaluation that kept its weights.
    expect(recorded.replays).toBeGreaterThan(microbatch / 2);
    expect(recorded.result.said).not.toContain("recorded");
  }, 240_000);

  it("begin anew when the guard goes back, and when weights were changed", async () => {
    const recipe = changed({
      training: { budget: "8 steps", batchSize: 4, microbatchSize: 2 },
      evaluation: { every: 1, rows: 4 },
      guard: { patience: 2 },
    });
    const poisoned = (start: { backend: string; kernels: OptimizerKernels }) => {
      let steps = 0;
      const adamw: OptimizerKernels["adamw"] = (updates, ...rest) => {
        const params = updates.map(({ param }) => param);
        if (++steps === 3) start.kernels.accumulate(params, params, Number.NaN);
        start.kernels.adamw(updates, ...rest);
      };
      return run({ recipe, ...start, kernels: { ...start.kernels, adamw } });
    };
    const plain = await on(recipe, false, poisoned);
    const recorded = await on(recipe, true, poisoned);
    expect(recorded.result.said).toBe(plain.result.said);
    expect(recorded.result.said).toMatch(/^loss is NaN, 2 times in a row: back to microbatch 0/);
    expect(numbersOf(recorded.result)).toEqual(numbersOf(plain.result));
    expect(recorded.replays).toBeGreaterThan(5);
  }, 120_000);

  it("are left to optimizers that keep no gradients, and to weights that stay where they are", async () => {
    const recipe = changed({
      training: {
        budget: "4 steps",
        batchSize: 2,
        microbatchSize: 2,
        optimizer: studySettings("sgd", { learningRate: 0.1 }),
      },
      evaluation: { every: 1, rows: 4 },
    });
    const plain = await on(recipe, false, (start) => run({ recipe, ...start }));
    const recorded = await on(recipe, true, (start) => run({ recipe, ...start }));
    expect(numbersOf(recorded.result)).toEqual(numbersOf(plain.result));
    expect(recorded.replays).toBe(0);
  }, 120_000);

  it("take no more memory than unrecorded ones, and none that something else needs", async () => {
    const recipe = changed({
      training: { budget: "5 steps", batchSize: 4, microbatchSize: 2 },
      evaluation: { every: 0.5, rows: 16 },
    });
    emulator!.set("mostBytes", 0);
    const plain = await on(recipe, false, (start) => run({ recipe, ...start }));
    emulator!.set("memoryBytes", emulator!.get("mostBytes"));
    const recorded = await on(recipe, true, (start) => run({ recipe, ...start }));
    expect(numbersOf(recorded.result)).toEqual(numbersOf(plain.result));
    expect(recorded.result.said).toBe("");
    expect(recorded.replays).toBeGreaterThan(2);
  }, 120_000);

  it("halve when the card's memory runs out in the middle of a run", async () => {
    const rows = (microbatchSize: number) =>
      changed({
        training: { budget: "2 steps", batchSize: 16, microbatchSize },
        evaluation: { every: 1, rows: 4 },
      });
    emulator!.set("mostBytes", 0);
    const eight = await on(rows(8), true, (start) => run({ recipe: rows(8), ...start }));
    emulator!.set("memoryBytes", emulator!.get("mostBytes") + 2 ** 12);
    const rescued = await on(rows(16), true, (start) => run({ recipe: rows(16), ...start }));
    expect(rescued.result.said).toMatch(/^cuda: expected room for \d+ more bytes .*microbatches of 8 rows/);
    expect(rescued.result.weights).toEqual(eight.result.weights);
  }, 120_000);

  it.each(["out-of-memory", "unsupported"] as const)(
    "are computed kernel by kernel if recording them is %s",
    async (code) => {
      const recipe = changed({
        training: { budget: "3 steps", batchSize: 2, microbatchSize: 2 },
        evaluation: { every: 1, rows: 4 },
      });
      const { result } = await on(recipe, true, ({ recorder, ...start }) => {
        const backend = recorder!();
        const record = backend.record.bind(backend);
        backend.record = (body, options) =>
          record(() => {
            dispose(body() as TensorContainer as []);
            throw fault({ code, problem: "no more of it" });
          }, options);
        return run({ recipe, recorder, ...start });
      });
      expect(result.said).toBe("steps are not recorded from here on: no more of it");
      expect(result.left).toBe(0);
    },
  );
});

it("are those of models that draw nothing but dropout", () => {
  const config = preset("crammed-bert");
  const loss = crammedBert().training.loss;
  expect(repeatsItself(config, loss)).toBe(true);
  expect(repeatsItself({ ...config, layerDrop: 0.5 }, loss)).toBe(false);
  expect(repeatsItself({ ...config, recurrence: "deep-thinking" }, loss)).toBe(false);
  expect(repeatsItself(config, { ...loss, name: "script" } as typeof loss)).toBe(false);
});
