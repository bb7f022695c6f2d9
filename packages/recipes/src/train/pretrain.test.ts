import { readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fault } from "@cramkit/errors";
import { TrainingDiverged } from "@cramkit/trainer";
import { type Tensor, tensor } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { readEntries } from "../named-tensors.ts";
import { Interrupted } from "../progress.ts";
import { runFiles } from "../run-record.ts";
import {
  changed,
  checkpointsOf,
  compute,
  kernelsWith,
  lastRow,
  newFolder,
  run,
  runInParts,
  tinyPretraining,
} from "../testing/pretraining.testing.ts";

tinyPretraining();

it("scales the loss in mixed precision, to the same weights, and resumes within a batch to the last bit", async () => {
  const plain = await run({});
  const mixed = changed({ backend: { precision: "mixed" } });
  const scaled = await run({ recipe: mixed });
  // A power of 2 changes no digit; without f16 the two are one computation.
  expect(scaled.weights).toEqual(plain.weights);
  expect(lastRow(scaled)).toMatchObject({ lossScale: 32_768, skippedSteps: 0 });
  expect(lastRow(plain)).not.toHaveProperty("lossScale");
  const parts = await runInParts({ recipe: mixed }, 4);
  expect(parts.weights).toEqual(plain.weights);
  expect([plain.left, scaled.left]).toEqual([0, 0]);
});

it("skips a step whose gradients are not finite, lowers the scale, and remembers both across a resume", async () => {
  // Overflows once, as half precision would: the first norm that is asked for.
  const overflowing = () => {
    let calls = 0;
    const globalNorm = (tensors: readonly Tensor[]) => {
      calls++;
      return calls <= 2 ? tensor(Number.POSITIVE_INFINITY) : compute.kernels!.globalNorm(tensors);
    };
    return { ...compute.kernels!, globalNorm };
  };
  const mixed = changed({ backend: { precision: "mixed" } });
  const once = await run({ recipe: mixed, kernels: overflowing() });
  expect(lastRow(once)).toMatchObject({ lossScale: 16_384, skippedSteps: 1 });
  const folder = newFolder();
  const controller = new AbortController();
  let reports = 0;
  const onProgress = () => void (++reports === 3 && controller.abort());
  await expect(
    run({ recipe: mixed, folder, kernels: overflowing(), context: { onProgress, signal: controller.signal } }),
  ).rejects.toThrow(Interrupted);
  const resumed = await run({ recipe: mixed, folder, kernels: compute.kernels });
  expect(lastRow(resumed)).toMatchObject({ lossScale: 16_384, skippedSteps: 1 });
});

it("rolls back, and in the end gives up, over gradients that are never finite", async () => {
  const globalNorm = () => tensor(Number.NaN);
  const recipe = changed({ training: { budget: "400 steps", batchSize: 8 }, guard: { maxRollbacks: 1 } });
  const said: string[] = [];
  const hopeless = run({
    recipe,
    kernels: { ...compute.kernels!, globalNorm },
    context: { say: (line) => said.push(line) },
  });
  await expect(hopeless).rejects.toThrow(/gradients of \d+ steps in a row were not finite, after 1 rollbacks/);
  expect(said.join("\n")).toMatch(/back to microbatch \d+, going on with the data after it/);
});

it("rolls back over a spike, skips the data, leaks nothing and ends with a good model", async () => {
  const recipe = changed({
    training: { budget: "45 steps", batchSize: 8 },
    evaluation: { every: 0.2 },
    guard: { patience: 3, spikeFactor: 1.3 },
  });
  const good = await run({ recipe });
  // Blows up the weights of the 26th step.
  const spiking = kernelsWith((step, params) => {
    if (step === 26) compute.kernels!.accumulate(params, params, 30);
  });
  const rescued = await run({ recipe, kernels: spiking });
  expect(rescued.said).toMatch(/against a median of .*, 3 times in a row: back to microbatch/);
  expect(lastRow(rescued)).toMatchObject({ rollbacks: 1 });
  expect(rescued.progress.step).toBe(45);
  const lossOf = ({ metrics }: typeof good) =>
    metrics.filter((row) => row.heldOutLoss !== undefined).at(-1)!.heldOutLoss;
  expect(lossOf(rescued)).toBeLessThan(1.1 * (lossOf(good) as number));
  const microbatches = rescued.metrics.map((row) => row.microbatch as number);
  expect(microbatches).toEqual([...microbatches].sort((a, b) => a - b));
  expect(rescued.left).toBe(0);
});

it("abandons a run whose loss is too high at a part of the budget", async () => {
  const recipe = changed({ guard: { abandon: { fraction: 0.5, loss: 0.5 } } });
  const abandoned = run({ recipe });
  await expect(abandoned).rejects.toThrow(TrainingDiverged);
  await expect(abandoned).rejects.toThrow(/loss \d.* is above 0.5 after \d+ % of the budget/);
});

it("halves the microbatch when memory runs out, on from the last checkpoint", async () => {
  const failing = kernelsWith((step) => {
    if (step === 1) throw fault({ code: "out-of-memory", place: "webgpu", problem: "out of device memory (injected)" });
  });
  const rescued = await run({ kernels: failing });
  expect(rescued.said).toMatch(/out of device memory.*microbatches of 4 rows/);
  expect(rescued.microbatchSize).toBe(4);
  expect(rescued.left).toBeLessThan(10); // a few scalars of the step that failed, no weights and no gradients
  expect(rescued.progress).toMatchObject({ step: 6, examples: 6 * 24 });
  // The very same run as one that had this size from the beginning.
  const four = await run({ recipe: changed({ training: { microbatchSize: 4 } }) });
  expect(rescued.weights).toEqual(four.weights);
  let restarts = 0;
  const restart = async () => {
    restarts++;
    await compute.restart();
  };
  let isFirst = true;
  const failingOnce = kernelsWith(() => {
    if (isFirst) {
      isFirst = false;
      throw new RangeError("Array buffer allocation failed");
    }
  });
  expect((await run({ kernels: failingOnce, restart })).weights).toEqual(four.weights);
  expect(restarts).toBe(1);
  await expect(
    run({
      kernels: kernelsWith(() => {
        throw new Error("a bug");
      }),
    }),
  ).rejects.toThrow("a bug");
});

it("finds a microbatch size by trial and keeps to it when it is resumed", async () => {
  const folder = newFolder();
  const recipe = changed({ training: { microbatchSize: "auto" } });
  const controller = new AbortController();
  const context = { onProgress: () => controller.abort(), signal: controller.signal };
  await expect(run({ recipe, folder, context })).rejects.toThrow(Interrupted);
  const resumed = await run({ recipe, folder });
  expect(resumed.said).not.toContain("found by trial");
  const whole = await run({ recipe: changed({ training: { microbatchSize: resumed.microbatchSize } }) });
  expect(resumed.weights).toEqual(whole.weights);
});

it("keeps the checkpoint with the lowest held-out loss beside the last ones", async () => {
  // The rate of the second half ruins the model.
  const ruined = kernelsWith((step, params) => {
    const last = params.slice(-1);
    if (step > 20) compute.kernels!.accumulate(last, last, 0.02);
  });
  const recipe = changed({
    training: { budget: "40 steps", batchSize: 8 },
    evaluation: { every: 0.1 },
    checkpoints: { keep: 1 },
    guard: { spikeFactor: 100 },
  });
  const { folder, metrics } = await run({ recipe, kernels: ruined });
  const measured = metrics.filter((row) => typeof row.heldOutLoss === "number");
  const best = measured.reduce((low, row) => ((row.heldOutLoss as number) < (low.heldOutLoss as number) ? row : low));
  const kept = checkpointsOf(folder);
  expect(kept.at(-1)).toMatchObject({ microbatch: 40 });
  expect(kept.map(({ score }) => score)).toContain(best.heldOutLoss);
  expect(kept.length).toBeLessThanOrEqual(2);
});

// A machine under load may hold up a write for longer than any before: three tries.
it("writes the last checkpoint before the deadline of a budget in hours", { retry: 2 }, async () => {
  const seconds = 3;
  const recipe = changed({ training: { budget: `${seconds / 60} minutes` } });
  const { finishedMs, progress, spent, folder, weights } = await run({ recipe });
  expect(finishedMs).toBeLessThan(1000 * seconds);
  expect(finishedMs).toBeGreaterThan(500 * seconds);
  expect(progress.fraction).toBe(1);
  expect((await run({ recipe, folder })).weights).toEqual(weights); // over is over
  expect(spent.longestCheckpointMs).toBeGreaterThan(0);
  expect(spent.checkpointMs + spent.evaluationMs).toBeLessThan(finishedMs);
});

it("writes while it trains on where the device computes by itself, to the same end", async () => {
  const recipe = changed({ checkpoints: { minutes: 1e-5 }, evaluation: { every: 0.25 } });
  const [waited, overlapped] = [await run({ recipe }), await run({ recipe, backend: "other" })];
  expect(overlapped.weights).toEqual(waited.weights);
  const last = (folder: string) =>
    join(runFiles(folder).checkpoints, readdirSync(runFiles(folder).checkpoints).sort().at(-1)!);
  const tensors = async (folder: string) => readEntries(join(last(folder), "tensors.safetensors"));
  expect(await tensors(overlapped.folder)).toEqual(await tensors(waited.folder));
});

it("trains on while no checkpoint can be written, and says so", async () => {
  const folder = newFolder();
  const { checkpoints } = runFiles(folder);
  let reports = 0;
  const said: string[] = [];
  const onProgress = () => {
    reports++;
    if (reports === 3) {
      renameSync(checkpoints, `${checkpoints}.away`);
      writeFileSync(checkpoints, "");
    }
    if (reports === 5) {
      rmSync(checkpoints);
      renameSync(`${checkpoints}.away`, checkpoints);
    }
  };
  const recipe = changed({ checkpoints: { minutes: 1e-5 } });
  const whole = await run({ recipe });
  const { weights } = await run({ recipe, folder, context: { onProgress, say: (line) => said.push(line) } });
  expect(said.join("\n")).toMatch(/no checkpoint: .*checkpoints: expected a folder, got a file; training continues/);
  expect(weights).toEqual(whole.weights);
  expect(checkpointsOf(folder).at(-1)).toMatchObject({ microbatch: 18 });
});

it.each([
  ["an exponential moving average", { kind: "ema", decay: 0.9 }],
  ["the mean of the last weights", { kind: "latest", snapshots: 3, every: 2 }],
] as const)("evaluates and keeps %s, also when it is resumed", async (_, averaging) => {
  const recipe = changed({ training: { averaging, batchSize: 8 } });
  const [last, averaged] = [await run({ recipe: changed({ training: { batchSize: 8 } }) }), await run({ recipe })];
  expect(averaged.weights).not.toEqual(last.weights);
  const newest = join(
    runFiles(averaged.folder).checkpoints,
    readdirSync(runFiles(averaged.folder).checkpoints).sort().at(-1)!,
  );
  const names = (await readEntries(join(newest, "tensors.safetensors"))).filter(({ name }) =>
    name.startsWith("param/"),
  );
  expect(names.flatMap(({ data }) => [...(data as Float32Array)])).toEqual(last.weights); // the training does not see it
  expect((await runInParts({ recipe }, 4)).weights).toEqual(averaged.weights);
  expect(averaged.left).toBe(0);
});

it("leaves frozen parameters as they began, also when it is resumed", async () => {
  const frozen = changed({
    model: { position: "scaled-sinusoidal" },
    training: { frozen: ["pos_embedding.scale_factor"] },
  });
  const { folder, left, said, weights } = await run({ recipe: frozen });
  expect(said).toMatch(
    /^frozen: 1 of \d+ tensors, 1 of [\d,]+ values: encoder\.embedding\.pos_embedding\.scale_factor$/m,
  );
  const { checkpoints } = runFiles(folder);
  const newest = join(checkpoints, readdirSync(checkpoints).sort().at(-1)!, "tensors.safetensors");
  const [scale] = (await readEntries(newest)).filter(({ name }) => name.endsWith("pos_embedding.scale_factor"));
  expect(Array.from(scale!.data as Float32Array)).toEqual([Math.fround(32 ** -0.5)]);
  expect(left).toBe(0);
  expect((await runInParts({ recipe: frozen }, 4)).weights).toEqual(weights);
});
