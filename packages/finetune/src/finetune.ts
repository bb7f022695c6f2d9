import type { TensorEntry } from "@cramkit/checkpoint";
import { checkOptions, fault } from "@cramkit/errors";
import { subSeed } from "@cramkit/random";
import { epochBatches } from "./encode/batches.ts";
import { createPause } from "./encode/pause.ts";
import type { Task } from "./examples/task.ts";
import type { Epoch, Finetuned, FinetuneOptions } from "./finetune-options.ts";
import { initialised } from "./learn/head.ts";
import { createLearner } from "./learn/learner.ts";
import { layeredAdamw } from "./learn/optimizer.ts";
import { withScale } from "./learn/regression-scale.ts";
import { rateAt, settingNames } from "./learn/settings.ts";
import { type Prepared, prepareTraining } from "./prepare-training.ts";
import { mainScore } from "./score/score.ts";
import { hostTensors } from "./tensors/host-tensors.ts";
import { disposeTensors, type NamedTensors, tensorsOf } from "./tensors/named-tensors.ts";

const msBetweenCheckpoints = 600_000;

/**
 * Finetunes an encoder on labelled texts, or on pairs of texts or bare ones for embeddings: a new head, AdamW, the best epoch on the dev set. The same model, examples and
 * settings give the same weights to the last bit, also over a stop and a resumption.
 *
 * @throws a fault `invalid-input`, with the place of the example, over labels and texts that cannot be used; `not-finite` if
 * the training diverges
 */
export const finetune = async (options: FinetuneOptions): Promise<Finetuned> => {
  checkOptions("finetune", options, {
    ...settingNames,
    model: true,
    kind: true,
    train: true,
    dev: true,
    devShare: true,
    kernels: true,
    onProgress: true,
    say: true,
    checkpoints: true,
    signal: true,
  });
  const pause = createPause(options.signal);
  const prepared = await prepareTraining(options, pause);
  const { task, settings, config, objective, scale } = prepared;
  const { history, best } = await trainEpochs(options, prepared, pause);
  const params = withScale(tensorsOf(best), scale);
  try {
    const { evaluation, outcomes } = await objective.outcomes(params, pause);
    return {
      ...{ params, config, tokenizer: options.model.tokenizer, task, maxLength: settings.maxLength },
      ...{ settings, trainRows: objective.trainRows, history, bestEpoch: bestEpochOf(task, history)! },
      ...{ evaluation, outcomes },
    };
  } catch (error) {
    disposeTensors(params);
    throw error;
  }
};

/** Trains until the last epoch, or until `patience` epochs brought nothing. Returns the weights of the best epoch. */
const trainEpochs = async (
  { model, kernels, checkpoints, signal, say = () => {}, onProgress = () => {} }: FinetuneOptions,
  { task, settings, config, objective }: Prepared,
  pause: () => Promise<void>,
): Promise<{ history: readonly Epoch[]; best: readonly TensorEntry[] }> => {
  const { seed, batchSize, epochs, patience } = settings;
  const { trainRows, devRows } = objective;
  const stepsOfEpoch = Math.ceil(trainRows / batchSize);
  const steps = stepsOfEpoch * epochs;
  let learningRate = 0;
  const optimizer = layeredAdamw(config, { ...settings, learningRate: () => learningRate, kernels });
  const saved = await checkpoints?.load();
  const learner = createLearner(
    {
      config,
      params: initialised(config, subSeed(seed, "finetune/head"), model.params, model.pooler),
      optimizer,
      dropoutSeed: subSeed(seed, "finetune/dropout"),
    },
    saved?.learner,
  );
  const history: Epoch[] = [...(saved?.history ?? [])];
  let best: readonly TensorEntry[] = saved?.best ?? [];
  let step = saved?.learner.step ?? 0;
  let lossSum = saved?.lossSum ?? 0;
  let savedAt = performance.now();
  const save = async () => {
    await checkpoints?.save({ learner: await learner.state(), history: [...history], best, lossSum });
    savedAt = performance.now();
  };

  const trainEpoch = async (epoch: number) => {
    const batches = epochBatches(trainRows, { batchSize, seed, epoch });
    for (const rows of batches.slice(step - epoch * stepsOfEpoch)) {
      await pause();
      if (performance.now() - savedAt > msBetweenCheckpoints) await save();
      const { batch, loss: lossOf } = objective.batchOf(rows);
      learningRate = rateAt(settings, step, steps);
      const loss = await learner.learn(batch, lossOf);
      // Under loss scaling a step that is not finite is skipped.
      if (!Number.isFinite(loss) && !settings.lossScaling) throw diverged(step, loss);
      lossSum += loss;
      step++;
      const best = bestScoreOf(task, history);
      onProgress({ phase: "train", done: step, total: steps, loss, learningRate, epoch: epoch + 1, best });
    }
  };
  const evaluateEpoch = async (epoch: number) => {
    let done = 0;
    const evaluation = await objective.evaluate(learner.params as NamedTensors, async (rows) => {
      done += rows;
      const best = bestScoreOf(task, history);
      onProgress({ phase: "evaluate", done, total: devRows, epoch: epoch + 1, best });
      await pause();
    });
    history.push({ epoch: epoch + 1, trainLoss: lossSum / stepsOfEpoch, dev: evaluation });
    lossSum = 0;
    if (bestEpochOf(task, history) === epoch + 1) best = await hostTensors(learner.params as NamedTensors);
  };

  try {
    // The head of labels is new, and its first scores are noise. An encoder finds something before it is trained for it.
    if (task.kind === "embedding" && !saved) {
      const { scores } = await objective.evaluate(learner.params as NamedTensors, pause);
      const all = Object.entries(scores).map(([name, value]) => `${name} ${value.toFixed(4)}`);
      say(`before training: ${all.join(", ")}`);
    }
    for (let epoch = history.length; epoch < epochs && !isOver(task, history, patience); epoch++) {
      await trainEpoch(epoch);
      await evaluateEpoch(epoch);
      await save();
    }
    return { history, best };
  } catch (error) {
    if (signal?.aborted) await save();
    throw error;
  } finally {
    learner.dispose();
  }
};

/** The epoch with the best score; of equal ones that with the lower loss, and of those the first. */
const bestEpochOf = (task: Task, history: readonly Epoch[]): number | undefined => {
  const scoreOf = ({ dev }: Epoch) => dev.scores[mainScore[task.kind]]!;
  let best: Epoch | undefined;
  for (const epoch of history) {
    if (!Number.isFinite(epoch.dev.loss)) continue;
    const isBetter = !best || scoreOf(epoch) > scoreOf(best);
    if (isBetter || (scoreOf(epoch) === scoreOf(best!) && epoch.dev.loss < best!.dev.loss)) best = epoch;
  }
  return (best ?? history[0])?.epoch;
};

const bestScoreOf = (task: Task, history: readonly Epoch[]): number | undefined =>
  history[(bestEpochOf(task, history) ?? 0) - 1]?.dev.scores[mainScore[task.kind]];

const isOver = (task: Task, history: readonly Epoch[], patience: number): boolean =>
  history.length - (bestEpochOf(task, history) ?? 0) >= patience;

const diverged = (step: number, loss: number) =>
  fault({
    code: "not-finite",
    place: "finetune",
    problem: `expected a finite loss, got ${loss} in step ${step}`,
    remedy: "lower the learning rate",
  });
