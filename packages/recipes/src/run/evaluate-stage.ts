import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fault } from "@cramkit/errors";
import { makeFolder } from "@cramkit/files";
import { init, type ModelConfig } from "@cramkit/model";
import { preparedSetKey } from "@cramkit/packer/node";
import { scoreModel, scoreUnigram } from "../evaluate/evaluate.ts";
import { runProbes } from "../evaluate/probes.ts";
import { loadModel, modelDigest } from "../model/saved-model.ts";
import { disposeTensors, type NamedTensors } from "../named-tensors.ts";
import { stopPoint } from "../progress.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { type MaskedScores, readRecord, readSummary, runFiles, writeRecord } from "../run-record.ts";
import { teamOf } from "../team.ts";
import type { OpenRun, RunStage } from "./stage.ts";

/** What scores were measured with; others are measured anew. */
interface Evaluated {
  /** Digest of the model. */
  readonly model: string | undefined;
  /** Key of the recipe: it decides rows, masks and probes. */
  readonly recipe: string;
}

/** Key of what decides scores, beside the model: what may change in a run without touching them is left out. */
const scoredKey = ({ description: _, backend: __, guard: ___, metrics: ____, checkpoints: _____, ...rest }: Recipe) => {
  const { budget, microbatchSize, ...training } = rest.training;
  return preparedSetKey({ ...rest, training });
};

/** Scores the model that pretraining left, on held-out rows and on the probes; `evaluated.json` comes last. */
export const evaluateStage: RunStage = {
  async isDone(recipe, folder) {
    const files = runFiles(folder);
    const wanted = [files.evaluated, files.masked, ...(recipe.evaluation.probes.trials > 0 ? [files.probes] : [])];
    const [evaluated, ...scores] = await Promise.all(wanted.map((file) => readRecord(file)));
    if (evaluated === undefined || scores.includes(undefined)) return false;
    const { model, recipe: key } = evaluated as Evaluated;
    return key === scoredKey(recipe) && model !== undefined && model === (await modelDigest(files.model));
  },

  // Rank 0 alone has the run's folder: the others wait.
  run: (run) => teamOf(run.context).lead(() => evaluate(run)),
};

const evaluate = async (run: OpenRun): Promise<void> => {
  const { recipe, folder, prepared, compute, context } = run;
  const files = runFiles(folder);
  const summary = await readSummary(folder);
  if (!summary)
    throw fault({
      code: "not-found",
      place: folder,
      problem: "expected a trained model, found none yet",
      remedy: "pretrain first",
    });
  const { params, config, tokenizer } = await loadModel(files.model);
  try {
    const scores = await scoreAll(params, config, run);
    await writeRecord(files.masked, scores);
    const warning = poorScoreWarning(scores);
    if (warning) context.say(warning);
    if (recipe.evaluation.probes.trials > 0) {
      const id = `${recipe.name} ${summary.microbatches}`;
      await keepProbesOf({ model: await modelDigest(files.model), recipe: scoredKey(recipe) }, files.probeTrials);
      const model = { id, params, config, tokenizer, kernels: compute.kernels };
      await writeRecord(
        files.probes,
        await runProbes(recipe, prepared.heldOutTexts, model, files.probeTrials, context),
      );
    }
  } finally {
    disposeTensors(params);
  }
  const evaluated: Evaluated = { model: await modelDigest(files.model), recipe: scoredKey(recipe) };
  await writeRecord(files.evaluated, evaluated);
};

/** Leaves in the folder what an interrupted evaluation finished of the same, and removes the trials of another model. */
const keepProbesOf = async (wanted: Evaluated, folder: string): Promise<void> => {
  const note = join(folder, "of.json");
  const kept = await readRecord<Evaluated>(note, "delete its folder: the probes run again");
  if (kept?.model === wanted.model && kept?.recipe === wanted.recipe) return;
  await rm(folder, { recursive: true, force: true });
  await makeFolder(folder);
  await writeRecord(note, wanted);
};

/** More than this above the loss of the unigram model, as a factor, is more than noise. */
const farAbove = 1.1;

/** A warning if the model ended far above what the frequencies of the tokens alone give. */
const poorScoreWarning = ({ trained, unigram }: MaskedScores): string | undefined =>
  trained.loss <= farAbove * unigram.loss
    ? undefined
    : `warning: the model ends at a held-out loss of ${trained.loss.toFixed(3)}, far above the ${unigram.loss.toFixed(3)} of a model that knows token frequencies alone: it has not learned; train longer, or with another training.optimizer.learningRate`;

/** Three predictors on the same held-out rows and masks. */
const scoreAll = async (
  params: NamedTensors,
  config: ModelConfig,
  { recipe, folder, prepared, heldOut, context }: OpenRun,
): Promise<MaskedScores> => {
  const pause = stopPoint(
    context,
    `stopped in the evaluation; the trained model is kept, \`cramkit resume ${folder}\` evaluates it`,
  );
  const step = (done: number) => context.onProgress({ stage: "evaluating", done, total: 3, unit: "predictors" });
  step(0);
  const trained = await scoreModel(params, config, heldOut, pause);
  step(1);
  const fresh = init(config, recipe.seed);
  const untrained = await scoreModel(fresh, config, heldOut, pause).finally(() => disposeTensors(fresh));
  step(2);
  const unigram = await scoreUnigram(prepared.training, heldOut, pause);
  step(3);
  const { positions } = trained;
  return { rows: Math.min(heldOut.rows, prepared.heldOut.rowCount), positions, trained, untrained, unigram };
};
