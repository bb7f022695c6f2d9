import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { init } from "@cramkit/model";
import { disposeState } from "@cramkit/optim";
import { maskedBatches } from "@cramkit/packer";
import { expect, it } from "vitest";
import { quickstart } from "../catalogue/quickstart.ts";
import { type Compute, startCompute } from "../compute.ts";
import { disposeTensors, type NamedTensors } from "../named-tensors.ts";
import { type Prepared, prepare } from "../prepare/prepare.ts";
import { maskingOf, specialId } from "../recipe/masking.ts";
import { modelOf } from "../recipe/model-of.ts";
import { trainingOptimizer } from "../recipe/optimizer.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { trainingLoss } from "../recipe/training-loss.ts";
import { quiet } from "../testing/tiny.testing.ts";
import { maskedLanguageModelGradient } from "./gradient.ts";
import { pretrain } from "./pretrain.ts";

const [warmUp, counted, rounds] = [10, 100, 7];
const total = warmUp + counted;
const { batchSize } = quickstart().training;

/** The quickstart on one thread, short, with evaluations and checkpoints outside of what is counted. */
const recipeOf = (model: Partial<Recipe["model"]> = {}): Recipe => {
  const base = quickstart();
  return {
    ...base,
    model: { ...base.model, ...model },
    backend: { ...base.backend, threads: 1 },
    training: { ...base.training, budget: `${total + 2} steps` },
    evaluation: { ...base.evaluation, every: 1 },
    checkpoints: { ...base.checkpoints, minutes: 1e6 },
  };
};

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const batchesOf = (recipe: Recipe, prepared: Prepared) =>
  maskedBatches(prepared.training, {
    batchSize,
    maskId: specialId(prepared.tokenizer, "<mask>"),
    masking: maskingOf(recipe, prepared.tokenizer),
    seed: recipe.seed,
  });

/** Processor time of a microbatch by hand: gradient, optimizer, reading the loss; the batches are there. */
const bareStep = async (recipe: Recipe, prepared: Prepared, { kernels }: Compute): Promise<number> => {
  const config = modelOf(recipe, prepared.tokenizer.vocabSize);
  const { optimizer } = trainingOptimizer(recipe, batchSize, kernels);
  const gradient = maskedLanguageModelGradient(config, trainingLoss(config, recipe.training.loss));
  const batches = [];
  for await (const { batch } of batchesOf(recipe, prepared)) if (batches.push(batch) === total) break;
  let params: NamedTensors = init(config, recipe.seed);
  let state = optimizer.init(params);
  let startedAt = 0;
  for (const [i, batch] of batches.entries()) {
    if (i === warmUp) startedAt = cpuMs();
    const progress = { microbatch: i, step: i, examples: 0, tokens: 0, elapsedMs: 0, fraction: i / total };
    const { loss, grads } = gradient(params, batch, progress, state);
    ({ params, state } = optimizer.update(grads, state, params, progress));
    await loss.data();
    loss.dispose();
  }
  const time = cpuMs() - startedAt;
  disposeTensors(params);
  disposeState(state);
  return time / counted;
};

/** The same as a recipe does it: batches from the disk, loop, guard, metrics in two formats, progress. */
const recipeStep = async (recipe: Recipe, prepared: Prepared, { kernels }: Compute): Promise<number> => {
  const config = modelOf(recipe, prepared.tokenizer.vocabSize);
  const maskId = specialId(prepared.tokenizer, "<mask>");
  const { seed, evaluation } = recipe;
  const heldOut = {
    source: prepared.heldOut,
    rows: evaluation.rows,
    maskId,
    masking: maskingOf(recipe, prepared.tokenizer),
    seed,
  };
  const marks: number[] = [];
  const onProgress = () => void marks.push(cpuMs()); // once a row: once a step, where a run has so few
  const folder = mkdtempSync(join(tmpdir(), "overhead-"));
  const { params } = await pretrain(
    { recipe, folder, prepared, config, backend: "cpu", kernels, heldOut },
    { ...quiet, onProgress },
  );
  disposeTensors(params);
  return (marks[total - 1]! - marks[warmUp - 1]!) / counted;
};

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;

it("takes less than 1 % of the quickstart's time for everything but the model's own step", async () => {
  const recipe = recipeOf();
  const compute = await startCompute(recipe.backend);
  const prepared = await prepare(recipe, mkdtempSync(join(tmpdir(), "overhead-data-")), quiet);
  // What is around the step does not depend on the model: beside a small one it is not lost in the noise of the step.
  const small = recipeOf({ layers: 1, hidden: 8, heads: 1, intermediate: 8 });
  const overheads: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const bare = await bareStep(small, prepared, compute);
    overheads.push((await recipeStep(small, prepared, compute)) - bare);
  }
  const step = await bareStep(recipe, prepared, compute);
  const overhead = median(overheads);
  console.info(
    `processor time of a step: ${step.toFixed(1)} ms for the model, ${overhead.toFixed(2)} ms (${((100 * overhead) / step).toFixed(2)} %) around it; single rounds ${overheads.map((ms) => ms.toFixed(2)).join(", ")}`,
  );
  prepared.close();
  compute.dispose();
  expect(overhead).toBeLessThan(0.01 * step);
});
