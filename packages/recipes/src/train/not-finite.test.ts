import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { OptimizerKernels } from "@cramkit/optim";
import { expect, it } from "vitest";
import { readEntries } from "../named-tensors.ts";
import { runFiles } from "../run-record.ts";
import { changed, compute, kernelsWith, newFolder, run, tinyPretraining } from "../testing/pretraining.testing.ts";
import { quiet } from "../testing/tiny.testing.ts";
import { createTrainingDisplay } from "./display.ts";

tinyPretraining();

/** Makes the weights NaN in these steps. */
const poisoning = (from: number, to: number): OptimizerKernels =>
  kernelsWith((step, params) => {
    if (step > from && step <= to) compute.kernels!.accumulate(params, params, Number.NaN);
  });

const weightsIn = async (folder: string, name: string): Promise<number[]> => {
  const entries = await readEntries(join(runFiles(folder).checkpoints, name, "tensors.safetensors"));
  return entries.filter(({ name }) => name.startsWith("param/")).flatMap(({ data }) => [...(data as Float32Array)]);
};

it("never writes weights that are not finite, and ends with the last that were", async () => {
  const recipe = changed({ evaluation: { every: 1 } });
  const folder = newFolder();
  const { weights, said, left } = await run({ recipe, folder, kernels: poisoning(5, 6) });
  expect(said).toMatch(
    /no checkpoint: expected finite weights, got NaN in .*\nending with the weights of microbatch \d/,
  );
  expect(weights.length).toBeGreaterThan(0);
  expect(weights.every(Number.isFinite)).toBe(true);
  const kept = readdirSync(runFiles(folder).checkpoints);
  expect(kept.length).toBeGreaterThan(0);
  for (const name of kept) expect((await weightsIn(folder, name)).every(Number.isFinite)).toBe(true);
  expect(left).toBe(0);
});

it("goes back at once over a checkpoint that would hold weights that are not finite", async () => {
  const recipe = changed({ checkpoints: { minutes: 1e-9 }, evaluation: { every: 1 } });
  const { weights, said } = await run({ recipe, kernels: poisoning(3, 4) });
  expect(said).toMatch(
    /expected finite weights, got NaN in .*: back to microbatch \d+, going on with the data after it/,
  );
  expect(weights.every(Number.isFinite)).toBe(true);
});

it("goes further back at the second rollback to a checkpoint that leads to the same end", async () => {
  const recipe = changed({
    training: { budget: "30 steps", batchSize: 8 },
    checkpoints: { minutes: 1e-9, keep: 3 },
    evaluation: { every: 1 },
    guard: { patience: 2 },
  });
  // Poisons the state of Adam, which shows in the weights a step later: such a checkpoint is written and looks fine.
  let steps = 0;
  const kernels: OptimizerKernels = {
    ...compute.kernels!,
    adamw(updates, ...rest) {
      compute.kernels!.adamw(updates, ...rest);
      const mus = updates.map(({ mu }) => mu);
      if (++steps === 13) compute.kernels!.accumulate(mus, mus, Number.NaN);
    },
  };
  const { said, weights } = await run({ recipe, kernels });
  const targets = [...said.matchAll(/back to microbatch (\d+)/g)].map(([, microbatch]) => Number(microbatch));
  expect(targets).toHaveLength(2);
  expect(targets[1]).toBeLessThan(targets[0]!);
  expect(weights.every(Number.isFinite)).toBe(true);
});

it("shows a loss that is not a number as one", () => {
  const details: (string | undefined)[] = [];
  const show = createTrainingDisplay({ ...quiet, onProgress: ({ detail }) => details.push(detail) }, "1 step");
  const progress = { microbatch: 1, step: 1, examples: 1, tokens: 1, elapsedMs: 1, fraction: 0.5 };
  show(progress, { step: 1, loss: null, learningRate: 0.1, tokensPerSecond: 5 });
  expect(details[0]).toBe("loss NaN  5 tokens/s  step 1  learning rate 1.0e-1");
});
