import { fault, hasCode, problemOf } from "@cramkit/errors";
import {
  acceptabilityProbe,
  continuityProbe,
  type Protocol,
  protocols,
  runTasks,
  type TrialResult,
} from "@cramkit/glue";
import { resultsFolder } from "@cramkit/glue/node";
import { subSeed } from "@cramkit/random";
import type { Tokenizer } from "@cramkit/tokenizer";
import { Interrupted, type RunContext } from "../progress.ts";
import { dataSeed } from "../recipe/data-seed.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { type TraineeSpec, trainee } from "./finetune.ts";

/** Trials of the two probes: with the pretrained weights, and the same network without them. */
export interface ProbeResults {
  readonly trained: readonly TrialResult[];
  readonly untrained: readonly TrialResult[];
}

const probesOf = (recipe: Recipe, texts: readonly string[]) => {
  const { examples } = recipe.evaluation.probes;
  const seed = subSeed(recipe.seed, "recipes/probes");
  const limits = {
    seed: subSeed(dataSeed(recipe), "recipes/probes"),
    maxTrain: examples,
    maxDev: Math.ceil(examples / 4),
  };
  return { seed, tasks: [acceptabilityProbe(texts, limits), continuityProbe(texts, limits)] };
};

/** Tells before the training, and not after it, of held-out text that the probes cannot be made from. */
export const requireProbeTexts = (recipe: Recipe, texts: readonly string[]): void => {
  if (recipe.evaluation.probes.trials === 0) return;
  try {
    probesOf(recipe, texts);
  } catch (error) {
    if (!hasCode(error, "invalid-input")) throw error;
    throw fault({
      code: "invalid-input",
      place: "evaluation.probes",
      problem: `expected held-out text to make them from, got too little (${problemOf(error)})`,
      remedy: "give more text, raise evaluation.heldOut, or set evaluation.probes.trials=0",
      type: RangeError,
      cause: error,
    });
  }
};

/** Examples of each probe whose length is looked at: enough for a mean. */
const measuredExamples = 256;
/** Lengths of batches are multiples of this. */
const lengthStep = 8;

/** The mean length of a probe's batch, which is that of its longest example, in tokens. */
export const probeBatchLength = (recipe: Recipe, texts: readonly string[], tokenizer: Tokenizer): number => {
  const { batchSize } = protocols.GLUE_sane;
  const tokensOf = (text: string) => tokenizer.encodeIds(text).length;
  const lengths: number[] = [];
  for (const { train } of probesOf(recipe, texts).tasks) {
    const examples = train.slice(0, measuredExamples);
    for (let from = 0; from < examples.length; from += batchSize) {
      const batch = examples.slice(from, from + batchSize);
      const longest = Math.max(
        ...batch.map(({ text, pair }) => tokensOf(text) + (pair === undefined ? 0 : tokensOf(pair))),
      );
      lengths.push(Math.min(recipe.rows.seqLength, Math.ceil(longest / lengthStep) * lengthStep));
    }
  }
  return lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
};

/** Finetunes on two small tasks that are made from held-out text. They are probes, not GLUE. */
export const runProbes = async (
  recipe: Recipe,
  texts: readonly string[],
  model: TraineeSpec,
  folder: string,
  { onProgress, signal }: RunContext,
): Promise<ProbeResults> => {
  const { trials, epochs, learningRate } = recipe.evaluation.probes;
  const { seed, tasks } = probesOf(recipe, texts);
  const protocol: Protocol = {
    ...protocols.GLUE_sane,
    name: "probe",
    epochs,
    learningRate,
    trials,
    maxLength: recipe.rows.seqLength,
    head: { pooling: "mean" },
    secondText: "pairs",
  };
  const run = (spec: TraineeSpec, name: string) =>
    runTasks({
      trainee: trainee(spec),
      tasks,
      protocol,
      seed,
      results: resultsFolder(`${folder}/${name}`),
      signal,
      onProgress(progress) {
        if (progress.phase !== "train") return;
        const stage = `probe ${progress.task}, ${name} model, trial ${progress.trial + 1} of ${progress.trials}`;
        onProgress({
          stage,
          done: progress.done,
          total: progress.total,
          unit: "steps",
          detail: progress.loss === undefined ? "" : `loss ${progress.loss.toFixed(3)}`,
        });
      },
    });
  try {
    const trained = await run(model, "trained");
    return { trained, untrained: await run({ ...model, id: `${model.id} untrained`, params: undefined }, "untrained") };
  } catch (error) {
    if (signal?.aborted) throw new Interrupted("stopped between two batches of a probe; what was finished is kept");
    throw error;
  }
};
