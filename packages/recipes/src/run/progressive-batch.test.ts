import "@tensorflow/tfjs-backend-cpu";
import { join } from "node:path";
import { restartBatch, stateTensors } from "@cramkit/optim";
import { memory, tensor } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { Interrupted } from "../progress.ts";
import { trainingOptimizer } from "../recipe/optimizer.ts";
import { studySettings } from "../recipe/optimizer-settings.ts";
import { readRun } from "../run-record.ts";
import { quiet, tinyRun } from "../testing/tiny.testing.ts";
import { runRecipe } from "./run.ts";

// 24 microbatches of 8 rows, at most three to a batch. In tokens: steps of a growing batch are counted in microbatches.
const { recipe, root } = tinyRun({ budget: "6144 tokens", batchSize: 24, batchRamp: 0, microbatchSize: 8 });

let runs = 0;
/** Trains, with an interruption after every `every`-th report. */
const train = async (training: Partial<typeof recipe.training>, every = Number.POSITIVE_INFINITY) => {
  const options = { folder: join(root, `run-${runs++}`), dataFolder: join(root, "prepared") };
  const changed = { ...recipe, training: { ...recipe.training, ...training } };
  for (;;) {
    const controller = new AbortController();
    let reports = 0;
    const onProgress = () => void (++reports >= every && controller.abort());
    try {
      await runRecipe(changed, options, { ...quiet, onProgress, signal: controller.signal });
      break;
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
    }
  }
  const rows = (await readRun(options.folder)).metrics.filter(({ loss }) => loss !== undefined);
  return { losses: rows.map(({ loss }) => loss), batchSize: rows.at(-1)!.batchSize };
};

it("is a fixed batch where the test is always passed, and where it never is", async () => {
  // Without moments: their bias corrections count microbatches, too.
  const optimizer = studySettings("sgd", { learningRate: 0.1 });
  const two = await train({ optimizer, progressiveBatch: { theta: 1e9, monotone: false, rule: "norm" as const } });
  expect(two).toEqual(await train({ optimizer, batchSize: 16 }));
  const three = await train({ optimizer, progressiveBatch: { theta: 1e-9, monotone: false, rule: "norm" as const } });
  expect(three).toEqual(await train({ optimizer, batchSize: 24 }));
  expect([two.batchSize, three.batchSize]).toEqual([16, 24]);
  expect(three.losses).not.toEqual(two.losses);
});

it("resumes within a batch, to the last bit", async () => {
  const training = { progressiveBatch: { theta: 0.9, monotone: true, rule: "norm" as const } };
  expect(await train(training, 5)).toEqual(await train(training));
});

it("begins its batch anew with microbatches of another size", () => {
  const training = { ...recipe.training, progressiveBatch: { theta: 0.9, monotone: false, rule: "norm" as const } };
  const { optimizer } = trainingOptimizer({ ...recipe, training }, 8, undefined);
  const progress = { microbatch: 0, step: 0, examples: 0, tokens: 0, elapsedMs: 0, fraction: 0 };
  const params = { weight: tensor([1, 2]) };
  const fresh = optimizer.init(params);
  const { state } = optimizer.update({ weight: tensor([3, 4]) }, optimizer.init(params), params, progress);
  const before = memory().numTensors;
  const anew = stateTensors(restartBatch(state));
  expect(memory().numTensors).toBe(before);
  for (const name of ["count", "squares", "sums/weight"])
    expect(anew[name]!.dataSync(), name).toEqual(stateTensors(fresh)[name]!.dataSync());
});
