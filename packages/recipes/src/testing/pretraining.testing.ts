import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OptimizerKernels } from "@cramkit/optim";
import type { MetricsRow } from "@cramkit/trainer/node";
import { memory, type Tensor } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll } from "vitest";
import { type Compute, startCompute } from "../compute.ts";
import { disposeTensors } from "../named-tensors.ts";
import { type Prepared, prepare } from "../prepare/prepare.ts";
import { Interrupted, type RunContext } from "../progress.ts";
import { maskingOf, specialId } from "../recipe/masking.ts";
import { modelOf } from "../recipe/model-of.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { readRun, runFiles } from "../run-record.ts";
import { pretrain } from "../train/pretrain.ts";
import type { PretrainSpec } from "../train/session.ts";
import { quiet, tinyRun } from "./tiny.testing.ts";

const { recipe: tiny, root } = tinyRun({ batchSize: 24, batchRamp: 0, budget: "6 steps" });
/** The backend of the tests of a file, which `tinyPretraining` opens and closes. */
export let compute: Compute;
let prepared: Prepared;
/** Asked between two operations of a microbatch: whether it is to be given up. */
export const stopping = { isAsked: () => false };

/** Opens them before the tests of the calling file, and closes them after. */
export const tinyPretraining = (): void => {
  beforeAll(async () => {
    compute = await startCompute(tiny.backend, { isStopping: () => stopping.isAsked() });
    prepared = await prepare(tiny, join(root, "prepared"), quiet);
  }, 60_000);
  afterAll(() => {
    prepared?.close();
    compute?.dispose();
  });
};

let runs = 0;
export const newFolder = () => join(root, `run-${runs++}`);

type Changes = { [K in keyof Recipe]?: Partial<Recipe[K]> };
export const changed = (changes: Changes): Recipe =>
  Object.fromEntries(
    Object.entries(tiny).map(([key, value]) => [
      key,
      typeof value === "object" ? { ...value, ...(changes[key as keyof Recipe] as object) } : value,
    ]),
  ) as Recipe;

interface Attempt {
  readonly recipe?: Recipe;
  readonly folder?: string;
  readonly kernels?: OptimizerKernels;
  readonly backend?: string;
  readonly restart?: () => Promise<void>;
  readonly recorder?: PretrainSpec["recorder"];
  readonly context?: Partial<RunContext>;
}

/** Trains; gives the weights as one list of numbers, what was said, and how many tensors were left behind. */
export const run = async ({
  recipe = tiny,
  folder = newFolder(),
  kernels = compute.kernels,
  backend = "cpu",
  restart,
  recorder,
  context,
}: Attempt) => {
  const said: string[] = [];
  const before = memory().numTensors;
  const heldOut = {
    source: prepared.heldOut,
    rows: recipe.evaluation.rows,
    maskId: specialId(prepared.tokenizer, "<mask>"),
    masking: maskingOf(recipe, prepared.tokenizer),
    seed: recipe.seed,
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(runFiles(folder).recipe, JSON.stringify(recipe));
  const config = modelOf(recipe, prepared.tokenizer.vocabSize);
  // A last phase trains on the held-out rows: that shows in their loss.
  const rows: Prepared = { ...prepared, ...(recipe.corpus.lastPhase && { lastPhase: prepared.heldOut }) };
  const trained = await pretrain(
    {
      ...{ recipe, folder, prepared: rows, config, backend, kernels, restart, recorder, heldOut },
      stoppable: compute.stoppable,
    },
    { ...quiet, say: (line) => said.push(line), ...context },
  );
  const weights: number[] = [];
  for (const value of Object.values(trained.params)) weights.push(...(await value.data()));
  disposeTensors(trained.params);
  const { metrics } = await readRun(folder);
  return { ...trained, weights, said: said.join("\n"), left: memory().numTensors - before, folder, metrics };
};

/** The last row of a microbatch. */
export const lastRow = ({ metrics }: { metrics: readonly MetricsRow[] }) =>
  metrics.filter((row) => row.loss !== undefined).at(-1);

/** Stops after every `every`-th report, resumes, and so on until the end. */
export const runInParts = async (attempt: Attempt, every: number) => {
  const folder = newFolder();
  for (;;) {
    const controller = new AbortController();
    let reports = 0;
    const onProgress = () => void (++reports === every && controller.abort());
    try {
      return await run({ ...attempt, folder, context: { onProgress, signal: controller.signal } });
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
    }
  }
};

export const checkpointsOf = (folder: string) => {
  const path = runFiles(folder).checkpoints;
  return readdirSync(path)
    .sort()
    .map((name) => JSON.parse(readFileSync(join(path, name, "checkpoint.json"), "utf8")));
};

/** The kernels of the backend; `before` is called with the number of the step, from 1, and the parameters. */
export const kernelsWith = (before: (step: number, params: Tensor[]) => void): OptimizerKernels => {
  let steps = 0;
  return {
    ...compute.kernels!,
    adamw(updates, ...rest) {
      before(
        ++steps,
        updates.map(({ param }) => param),
      );
      compute.kernels!.adamw(updates, ...rest);
    },
  };
};
