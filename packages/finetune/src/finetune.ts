import type { TensorEntry } from "@cramkit/checkpoint";
import { checkOptions, fault } from "@cramkit/errors";
import { subSeed } from "@cramkit/random";
import { epochBatches, padded } from "./encode/batches.ts";
import { createPause } from "./encode/pause.ts";
import type { Task } from "./examples/task.ts";
import type { Epoch, Finetuned, FinetuneOptions, Outcome } from "./finetune-options.ts";
import { forwardWith } from "./learn/forward.ts";
import { initialised } from "./learn/head.ts";
import { createLearner } from "./learn/learner.ts";
import { lossOf } from "./learn/losses.ts";
import { layeredAdamw } from "./learn/optimizer.ts";
import { noScale, withScale } from "./learn/regression-scale.ts";
import { rateAt, settingNames } from "./learn/settings.ts";
import { batchTargets } from "./learn/targets.ts";
import { type Prepared, prepareTraining } from "./prepare-training.ts";
import { evaluateRows } from "./score/evaluate.ts";
import { predictionOf } from "./score/predictions.ts";
import { evaluationOf, mainScore } from "./score/score.ts";
import { hostTensors } from "./tensors/host-tensors.ts";
import { disposeTensors, type NamedTensors, tensorsOf } from "./tensors/named-tensors.ts";

const msBetweenCheckpoints = 600_000;

/**
 * Finetunes an encoder on labelled texts: a new head, AdamW, the best epoch on the dev set. The same model, examples and
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
  const { task, settings, config, special, dev, scale } = prepared;
  const { history, best } = await trainEpochs(options, prepared, pause);
  const params = withScale(tensorsOf(best), scale);
  try {
    const { scored, evaluation } = await evaluateRows(task, dev, {
      padId: special.pad,
      forward: forwardWith({ params, config, task }),
      scale: noScale,
      afterBatch: pause,
    });
    const outcomes = scored.map((row, i): Outcome => {
      const example = prepared.devExamples[i]!;
      const prediction = predictionOf(task, row.values, dev[i]!, example.text);
      return { example, prediction, loss: evaluationOf(task, [row]).loss };
    });
    return {
      ...{ params, config, tokenizer: options.model.tokenizer, task, maxLength: settings.maxLength },
      ...{ settings, trainRows: prepared.train.length, history, bestEpoch: bestEpochOf(task, history)! },
      ...{ evaluation, outcomes },
    };
  } catch (error) {
    disposeTensors(params);
    throw error;
  }
};

/** Trains until the last epoch, or until `patience` epochs brought nothing. Returns the weights of the best epoch. */
const trainEpochs = async (
  { model, kernels, checkpoints, signal, onProgress = () => {} }: FinetuneOptions,
  { task, settings, config, special, train, dev, scale, classWeights }: Prepared,
  pause: () => Promise<void>,
): Promise<{ history: readonly Epoch[]; best: readonly TensorEntry[] }> => {
  const { seed, batchSize, epochs, patience } = settings;
  const stepsOfEpoch = Math.ceil(train.length / batchSize);
  const steps = stepsOfEpoch * epochs;
  let learningRate = 0;
  const optimizer = layeredAdamw(config, { ...settings, learningRate: () => learningRate, kernels });
  const saved = await checkpoints?.load();
  const learner = createLearner(
    {
      config,
      params: initialised(config, subSeed(seed, "finetune/head"), model.params),
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
    const batches = epochBatches(train.length, { batchSize, seed, epoch });
    for (const rows of batches.slice(step - epoch * stepsOfEpoch)) {
      await pause();
      if (performance.now() - savedAt > msBetweenCheckpoints) await save();
      const members = Array.from(rows, (row) => train[row]!);
      const batch = padded(members, special.pad);
      const targets = batchTargets(task, members, batch.seqLength, scale);
      learningRate = rateAt(settings, step, steps);
      const loss = await learner.learn(batch, lossOf(task, config, targets, classWeights));
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
    const { evaluation } = await evaluateRows(task, dev, {
      padId: special.pad,
      forward: forwardWith({ params: learner.params, config, task }),
      scale,
      async afterBatch(rows) {
        done += rows;
        const best = bestScoreOf(task, history);
        onProgress({ phase: "evaluate", done, total: dev.length, epoch: epoch + 1, best });
        await pause();
      },
    });
    history.push({ epoch: epoch + 1, trainLoss: lossSum / stepsOfEpoch, dev: evaluation });
    lossSum = 0;
    if (bestEpochOf(task, history) === epoch + 1) best = await hostTensors(learner.params as NamedTensors);
  };

  try {
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
