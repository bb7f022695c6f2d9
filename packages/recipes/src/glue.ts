import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename, join } from "node:path";
import {
  type GlueName,
  glueTasksIn,
  type Protocol,
  readGlue,
  runTasks,
  type TaskData,
  type TrialResult,
} from "@cramkit/glue";
import type { Compute } from "./compute.ts";
import { trainee } from "./finetune.ts";
import { disposeTensors } from "./named-tensors.ts";
import { Interrupted, type RunContext } from "./progress.ts";
import { loadModel } from "./saved-model.ts";

export interface GlueSpec {
  /** A model folder: of a run, or of a Hugging Face BERT. */
  readonly model: string;
  /** The folder with the tasks' folders. */
  readonly data: string;
  /** Names of tasks; all that are in `data` where absent. */
  readonly tasks?: readonly GlueName[];
  readonly protocol: Protocol;
  readonly seed: number;
  /** Where results are kept; a trial that is there is not run again. */
  readonly results: string;
  /** Also the same network without its pretrained weights. */
  readonly untrained: boolean;
  /** Also predicts the test sets. */
  readonly tests: boolean;
  readonly allowMoreEpochs: boolean;
}

export interface GlueResults {
  readonly name: string;
  readonly trained: readonly TrialResult[];
  readonly untrained: readonly TrialResult[];
}

/** Finetunes a model on GLUE, task by task and trial by trial. */
export const runGlue = async (
  spec: GlueSpec,
  compute: Compute,
  { onProgress, signal }: RunContext,
): Promise<GlueResults> => {
  const { model: folder, data, protocol, seed, results, untrained, tests, allowMoreEpochs } = spec;
  const names = spec.tasks ?? (await glueTasksIn(data));
  const { params, config, tokenizer } = await loadModel(folder);
  const name = basename(folder) === "model" ? basename(join(folder, "..")) : basename(folder);
  const id = `${name} ${await digestOf(join(folder, "model.safetensors"))}`;
  const model = { config, tokenizer, kernels: compute.kernels };
  const run = (kind: string, id: string, weights: typeof params | undefined) =>
    runTasks({
      trainee: trainee({ ...model, id, params: weights }),
      tasks: read(data, names, tests),
      protocol,
      seed,
      resultsDir: join(results, kind),
      tests,
      allowMoreEpochs,
      signal,
      onProgress(progress) {
        if (!("done" in progress)) return;
        const { task, trial, trials, phase, done, total, loss } = progress;
        const stage = `${task}, ${kind} model, trial ${trial + 1} of ${trials}: ${phase}`;
        const unit = phase === "train" ? "steps" : "examples";
        onProgress({ stage, done, total, unit, detail: loss === undefined ? "" : `loss ${loss.toFixed(3)}` });
      },
    });
  try {
    const trained = await run("trained", id, params);
    return { name, trained, untrained: untrained ? await run("untrained", `${id} untrained`, undefined) : [] };
  } catch (error) {
    if (signal?.aborted)
      throw new Interrupted(`stopped; finished trials are kept in ${results}, the same command goes on`);
    throw error;
  } finally {
    disposeTensors(params);
  }
};

async function* read(data: string, names: readonly GlueName[], tests: boolean): AsyncGenerator<TaskData> {
  for (const name of names) yield await readGlue(data, name, { tests });
}

/** The beginning of a file's SHA-256: enough to tell models apart. */
const digestOf = async (path: string): Promise<string> => {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest("hex").slice(0, 16);
};
