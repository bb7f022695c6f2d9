import { createHash } from "node:crypto";
import { readdir, rm, rmdir, stat } from "node:fs/promises";
import { fault, isFault, reworded } from "@cramkit/errors";
import { checkWritable, writeFileAtomic } from "@cramkit/files";
import { disposeTensors, type Example, type Finetuned, finetune, mainScore } from "@cramkit/finetune";
import { checkpointsFolder, type ReadExamplesOptions, readExamples } from "@cramkit/finetune/node";
import type { Compute } from "../compute.ts";
import { pretrainedHead } from "../model/pretrained-head.ts";
import { modelDigest } from "../model/saved-model.ts";
import { findModel, type ModelPlace, placeDigest } from "../open/find-model.ts";
import { openModel } from "../open/open-model.ts";
import { hubWaits } from "../prepare/hub-waits.ts";
import { Interrupted, type RunContext } from "../progress.ts";
import { readRecord, writeRecord } from "../run-record.ts";
import {
  again,
  type FinetuneRecord,
  type FinetuneRequest,
  type FinetuneResult,
  finetuneFiles,
  readFinetuning,
} from "./folder.ts";
import type { FinetuneSpec } from "./spec.ts";
import { saveTaskModel } from "./task-model.ts";

/**
 * Finetunes a model on examples from files and leaves in the folder: `model` (weights, configuration, tokenizer, checksums, and
 * the labels' names in `config.json`), `finetune.json` (what was asked for), `result.json` (scores, history, every dev example
 * with its prediction) and `metrics.jsonl` (a line an epoch). A finetuning that was stopped goes on when the same is asked for
 * again; one that has ended is returned as it is.
 *
 * @throws `Interrupted` if the signal is aborted; a fault `exists` over a folder of another finetuning
 */
export const runFinetune = async (
  spec: FinetuneSpec,
  compute: Compute,
  context: RunContext,
): Promise<FinetuneRecord> => {
  const { folder, kind, columns } = spec;
  const files = finetuneFiles(folder);
  await checkWritable(folder);
  const place = await findModel(spec.model, { checkpoint: spec.checkpoint });
  const read = async (source: string): Promise<Example[]> => readAll(source, { ...columns, kind }, context);
  const train = await read(spec.train);
  const dev = spec.dev === undefined ? undefined : await read(spec.dev);
  const request = await requestOf(spec, place, [train, dev]);
  if (await isFinished(folder, request)) {
    context.say(`${folder} is already finished; to run it again, remove the folder or name another one`);
    return readFinetuning(folder);
  }
  const opened = await openModel(spec.model, { checkpoint: spec.checkpoint, encoderOnly: true });
  const { params, place: _, ...pretrained } = opened;
  const pooler = pretrainedHead(opened);
  const started = performance.now();
  const isNew = !(await stat(folder).catch(() => undefined));
  let result: FinetuneResult;
  try {
    await writeRecord(files.request, request);
    const checkpoints = await checkpointsFolder(files.checkpoints, context.say);
    const tuned = await finetune({
      ...spec.settings,
      model: { ...pretrained, params, pooler },
      kind,
      train,
      dev,
      devShare: spec.devShare,
      kernels: compute.kernels,
      checkpoints,
      signal: context.signal,
      say: context.say,
      onProgress: ({ phase, done, total, loss, learningRate, epoch, best }) =>
        context.onProgress({
          stage: phase === "encode" ? "reading" : `epoch ${epoch}: ${phase === "train" ? "training" : "scoring"}`,
          done,
          total,
          unit: phase === "train" ? "steps" : "rows",
          detail: [
            loss === undefined ? "" : `loss ${loss.toFixed(3)}`,
            best === undefined ? "" : `best ${mainScore[kind]} ${best.toFixed(4)}`,
            learningRate === undefined ? "" : `learning rate ${learningRate.toExponential(1)}`,
          ]
            .filter(Boolean)
            .join("  "),
        }),
    });
    try {
      await saveTaskModel(files.model, tuned);
      result = await resultOf(tuned, files.model, { seconds: (performance.now() - started) / 1000, compute });
    } finally {
      disposeTensors(tuned.params);
    }
  } catch (error) {
    if (context.signal?.aborted)
      throw new Interrupted(`stopped; the state is kept in ${files.checkpoints}, the same command goes on`);
    // What failed before its first checkpoint leaves nothing: a request without anything else would look like a stop.
    if (!(await isFilled(files.checkpoints))) {
      await rm(files.checkpoints, { recursive: true, force: true });
      await rm(files.request, { force: true });
      if (isNew) await rmdir(folder).catch(() => {}); // something may be in it by now
    }
    throw namingFile(error, spec);
  } finally {
    disposeTensors(params);
    disposeTensors(pooler);
  }
  const lines = result.history.map(({ epoch, trainLoss, dev }) => {
    const scores = Object.entries(dev.scores).map(([name, value]) => [name, Number.isFinite(value) ? value : null]);
    return JSON.stringify({ epoch, trainLoss, devLoss: dev.loss, ...Object.fromEntries(scores) });
  });
  await writeFileAtomic(files.metrics, `${lines.join("\n")}\n`);
  await writeRecord(files.result, result);
  await rm(files.checkpoints, { recursive: true, force: true });
  return { folder, request, result };
};

/** The same error with the file of the examples, if it is about all of them together. */
const namingFile = (error: unknown, { train, dev }: FinetuneSpec): unknown => {
  if (!isFault(error) || error.code !== "invalid-input" || error.place !== "finetune") return error;
  return reworded(error, { place: error.details?.set === "dev" ? (dev ?? train) : train });
};

const readAll = async (source: string, options: ReadExamplesOptions, context: RunContext): Promise<Example[]> => {
  const examples: Example[] = [];
  try {
    for await (const example of readExamples(source, { ...options, hub: hubWaits(context) })) {
      examples.push(example);
      if (examples.length % 1000 === 0) {
        context.onProgress({ stage: `reading ${source}`, done: examples.length, unit: "rows" });
        await new Promise(setImmediate);
        context.signal?.throwIfAborted();
      }
    }
  } catch (error) {
    throw context.signal?.aborted ? new Interrupted("stopped while reading; nothing was written") : error;
  }
  if (examples.length === 0)
    throw fault({
      code: "invalid-input",
      place: source,
      problem: "expected rows, got none",
      remedy: "name another file",
      type: RangeError,
    });
  return examples;
};

const requestOf = async (
  { folder: _, ...spec }: FinetuneSpec,
  place: ModelPlace,
  examples: unknown,
): Promise<FinetuneRequest> => {
  const digest = (await placeDigest(place)) ?? "";
  const hash = createHash("sha256").update(JSON.stringify(examples)).digest("hex");
  return JSON.parse(JSON.stringify({ ...spec, digest, examples: hash })) as FinetuneRequest;
};

/** Whether the folder holds this finetuning, finished. @throws a fault `exists` over another one */
const isFinished = async (folder: string, request: FinetuneRequest): Promise<boolean> => {
  const files = finetuneFiles(folder);
  const kept = await readRecord<FinetuneRequest>(files.request, again(folder));
  const isOver = (await readRecord(files.result, again(folder))) !== undefined;
  // One that failed before its first checkpoint left nothing that could be lost.
  if (!kept || !(isOver || (await isFilled(files.checkpoints)))) return false;
  const differing = [...new Set([...Object.keys(kept), ...Object.keys(request)])].filter(
    (key) =>
      // Where they lie does not matter, what they hold does.
      !["model", "train", "dev"].includes(key) &&
      JSON.stringify(kept[key as keyof FinetuneRequest]) !== JSON.stringify(request[key as keyof FinetuneRequest]),
  );
  if (differing.length > 0)
    throw fault({
      code: "exists",
      place: folder,
      problem: `expected an empty folder or the same finetuning, got one that differs in ${differing.join(", ")}`,
      remedy: "name another folder, or remove this one",
    });
  return isOver;
};

const isFilled = async (folder: string): Promise<boolean> => (await readdir(folder).catch(() => [])).length > 0;

const resultOf = async (
  tuned: Finetuned,
  folder: string,
  { seconds, compute }: { seconds: number; compute: Compute },
): Promise<FinetuneResult> => {
  const { task, settings, trainRows, history, bestEpoch, evaluation, outcomes } = tuned;
  const digest = (await modelDigest(folder)) ?? "";
  return {
    ...{ task, settings, trainRows, history, bestEpoch, evaluation, outcomes, seconds },
    ...{ modelDigest: digest, backend: compute.description },
  };
};
