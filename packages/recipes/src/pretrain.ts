import { init, type ModelConfig } from "@cramkit/model";
import type { Gradients, Kernels, State } from "@cramkit/optim";
import { type BatchCursor, maskedBatches } from "@cramkit/packer";
import { elapsedClock } from "@cramkit/scheduler";
import {
  createGuard,
  type Guard,
  initialState,
  isOutOfMemory,
  type Progress,
  rolledBack,
  type StepReport,
  TrainingDiverged,
  train,
  trainGuarded,
} from "@cramkit/trainer";
import { type Checkpoints, openCheckpoints } from "@cramkit/trainer/node";
import { memory } from "@tensorflow/tfjs-core";
import { parseBudget } from "./budget.ts";
import {
  disposeTrainingState,
  type Snapshot,
  type Spent,
  snapshotFormat,
  stateOf,
  type TrainingState,
  takeSnapshot,
} from "./checkpoint-format.ts";
import { createDeadline, type Deadline } from "./deadline.ts";
import { openEnergyMeter } from "./energy.ts";
import { type EvaluationSet, heldOutLoss } from "./evaluate.ts";
import { flopsPerToken } from "./flops.ts";
import { maskedLanguageModelGradient } from "./gradient.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import { maskingOf } from "./masking.ts";
import { chooseMicrobatch, smallerMicrobatch } from "./microbatch.ts";
import { disposeTensors, type NamedTensors } from "./named-tensors.ts";
import {
  averagedWeights,
  lossScale,
  readOptimizer,
  releasing,
  trainingOptimizer,
  withoutPartialBatch,
} from "./optimizer.ts";
import type { Prepared } from "./prepare.ts";
import { Interrupted, type RunContext } from "./progress.ts";
import { streams, uniform } from "./random.ts";
import type { Recipe } from "./recipe.ts";
import { runFiles } from "./run-record.ts";
import { createSaver, isFileError, type Saver } from "./saver.ts";
import { openTrainingLog } from "./training-log.ts";

export interface PretrainSpec {
  readonly recipe: Recipe;
  /** The run's folder. */
  readonly folder: string;
  readonly prepared: Prepared;
  readonly config: ModelConfig;
  /** Name of the backend: one that is no `cpu` trains on while checkpoints are written. */
  readonly backend: string;
  /** In-place kernels of the backend, where it has them. */
  readonly kernels?: Kernels;
  /** Starts the backend anew, after memory ran out: the next try begins on a clean device. */
  readonly restart?: () => Promise<void>;
  /** Rows and masks of the held-out losses. */
  readonly heldOut: EvaluationSet;
}

export interface Pretrained {
  /** The weights to keep: the last ones, or their average where the recipe asks for one. */
  readonly params: NamedTensors;
  readonly progress: Progress;
  readonly microbatchSize: number;
  /** When the last checkpoint was on the disk, in milliseconds of the run's clock. */
  readonly finishedMs: number;
  readonly spent: Spent;
}

/** What lives as long as the process trains, whatever checkpoint it goes back to. */
interface Session {
  readonly spec: PretrainSpec;
  readonly context: RunContext;
  readonly checkpoints: Checkpoints<Snapshot>;
  readonly saver: Saver;
  readonly ledger: Ledger;
  readonly deadline: Deadline;
  readonly guard: Guard;
  /** The run's clock. */
  readonly elapsed: () => number;
}

/** So many steps in a row without finite gradients are not the search for a loss scale any more. */
const hopelessSteps = 40;
/** Between two tries to write a checkpoint, and between two signs of life. */
const [retryMs, showMs] = [60_000, 1_000];

/**
 * Trains until the budget is used up, resuming where the run folder has a checkpoint, and keeps one at the end. Where
 * memory runs out it goes back to the last checkpoint with half the microbatch. The caller disposes of the parameters.
 */
export const pretrain = async (spec: PretrainSpec, context: RunContext): Promise<Pretrained> => {
  const { recipe, folder, config, backend } = spec;
  const checkpoints = await openCheckpoints({
    folder: runFiles(folder).checkpoints,
    format: snapshotFormat,
    keep: recipe.checkpoints.keep,
    onDamaged: context.say,
  });
  const kept = await checkpoints.latest();
  if (kept) context.say(`resuming at microbatch ${kept.microbatch.toLocaleString("en-US")}`);
  const energy = openEnergyMeter(backend === "cpu" ? { gpu: null } : {});
  const ledger = openLedger(kept?.state.run.spent, energy.read);
  const deadline = createDeadline(parseBudget(recipe.training.budget, flopsPerToken(config, recipe)));
  deadline.checkpointTook(ledger.spent().longestCheckpointMs);
  const onWritten = (ms: number) => {
    ledger.checkpointWritten(ms);
    deadline.checkpointTook(ms);
  };
  const saver = createSaver({ checkpoints, background: backend !== "cpu", onWritten });
  const { abandon, ...limits } = recipe.guard;
  const guard = createGuard({ ...limits, abandon: abandon ?? undefined }, kept?.state.run.guard);
  const elapsed = elapsedClock(kept?.state.progress.elapsedMs);
  const session: Session = { spec, context, checkpoints, saver, ledger, deadline, guard, elapsed };
  try {
    let snapshot = kept?.state;
    let size = snapshot?.run.microbatchSize ?? (await chooseMicrobatch(spec, context));
    for (;;) {
      try {
        return await trainFrom(session, snapshot, size);
      } catch (error) {
        const smaller = smallerMicrobatch(size);
        if (!isOutOfMemory(error) || smaller === undefined) throw error;
        context.say(
          `${(error as Error).message}: going on from the last checkpoint with microbatches of ${smaller} rows`,
        );
        size = smaller;
        await saver.isWritten();
        await spec.restart?.();
        snapshot = (await checkpoints.latest())?.state;
      }
    }
  } finally {
    energy.close();
  }
};

const trainFrom = async (session: Session, snapshot: Snapshot | undefined, microbatchSize: number) => {
  const { spec, context, checkpoints, saver, ledger, deadline, guard, elapsed } = session;
  const { recipe, folder, prepared, config, kernels, heldOut } = spec;
  const { seed, training } = recipe;
  const { optimizer, learningRate, batchSize } = trainingOptimizer(recipe, microbatchSize, kernels);
  let state: TrainingState = snapshot
    ? stateOf(snapshot)
    : initialState<NamedTensors, State, Gradients>(init(config, seed), optimizer);
  if (snapshot && snapshot.run.microbatchSize !== microbatchSize)
    state = { ...state, optimizer: withoutPartialBatch(state.optimizer) };
  const openLog = () => {
    const rates = { flopsPerToken: flopsPerToken(config, recipe), peakFlops: recipe.metrics.peakFlops };
    return openTrainingLog({ folder, from: state.progress, ...rates, say: context.say });
  };
  let log = await openLog();
  let last = state.progress;

  const checkpointEveryMs = recipe.checkpoints.minutes * 60_000;
  let bestLoss = snapshot?.run.bestLoss ?? null;
  let saved: { microbatch?: number; fraction?: number; score?: number; at: number } = {
    ...snapshot?.progress,
    at: performance.now(),
  };
  const take = () => {
    const at = { ...state, progress: { ...state.progress, elapsedMs: elapsed() } };
    return takeSnapshot(at, { microbatchSize, guard: guard.state, spent: ledger.spent(), bestLoss });
  };
  const save = async (score?: number) => {
    await ledger.time("checkpointMs", () => saver.save(take, score));
    saved = { ...state.progress, score, at: performance.now() };
  };
  const saveOnTheWay = async (score?: number) => {
    try {
      await save(score);
    } catch (error) {
      if (!isFileError(error)) throw error;
      context.say(`no checkpoint: ${error.message}; training goes on and tries again in a minute`);
      saved = { ...saved, at: performance.now() - Math.max(0, checkpointEveryMs - retryMs) };
    }
  };
  /** Nothing else comes after: it is on the disk, or that is an error. */
  const saveAtLast = async () => {
    const isWritten = await saver.isWritten();
    const { microbatch, fraction } = state.progress;
    const isSame = saved.microbatch === microbatch;
    if (!isWritten || !isSame || saved.fraction !== fraction) await save(isSame ? saved.score : undefined);
    await saver.settled();
  };
  const isDue = () => performance.now() - saved.at > checkpointEveryMs;

  const uniformSeed = (stream: number) => (progress: Progress) =>
    Math.floor(uniform(seed, stream, progress.microbatch) * 2 ** 32);
  const grad = maskedLanguageModelGradient(config, {
    dropoutSeed: training.dropout > 0 ? uniformSeed(streams.dropout) : undefined,
    drawSeed: uniformSeed(streams.drawnTargets),
    lossScale,
  });
  const start = (from: TrainingState): AsyncGenerator<StepReport<NamedTensors, State>, void> =>
    train({
      state: from,
      batches: maskedBatches(prepared.training, {
        batchSize: microbatchSize,
        maskId: heldOut.maskId,
        masking: maskingOf(recipe, prepared.tokenizer),
        seed,
        epochs: Number.POSITIVE_INFINITY,
        cursor: (from.cursor ?? undefined) as BatchCursor | undefined,
      }),
      grad,
      optimizer: releasing(optimizer),
      budget: deadline.fraction,
      size: (batch) => ({ examples: batch.batchSize, tokens: batch.batchSize * batch.seqLength }),
      elapsed,
    });

  const restore = async (current: TrainingState, reason: string): Promise<TrainingState> => {
    disposeTrainingState(current);
    await saver.isWritten();
    const good = await checkpoints.latest();
    if (!good)
      throw new TrainingDiverged(
        `${reason}, and no checkpoint to go back to is whole; lower training.optimizer.learningRate`,
      );
    context.say(`${reason}: back to microbatch ${good.microbatch}, going on with the data after it`);
    state = rolledBack(stateOf(good.state), current);
    last = state.progress;
    await log.close();
    log = await openLog();
    await saveOnTheWay(good.score); // a process that is killed now must not meet the same data again
    return state;
  };

  const details = async () => {
    const { skippedInARow, ...readings } = await readOptimizer(state.optimizer);
    if (skippedInARow > hopelessSteps) guard.fail(`the gradients of ${skippedInARow} steps in a row were not finite`);
    const { longestCheckpointMs: _, ...spent } = ledger.spent();
    const device = memory() as { numBytesAllocatedInGPU?: number };
    return {
      learningRate: learningRate(last),
      batchSize: batchSize(last),
      ...readings,
      nonFiniteLosses: guard.state.nonFinite,
      rollbacks: guard.state.rollbacks,
      ...spent,
      hostMemoryBytes: process.memoryUsage.rss(),
      ...(device.numBytesAllocatedInGPU !== undefined && { deviceMemoryBytes: device.numBytesAllocatedInGPU }),
    };
  };
  const evaluate = async (progress: Progress) => {
    const weights = averagedWeights(state.params, state.optimizer);
    const loss = await heldOutLoss(weights, config, heldOut);
    disposeTensors(weights);
    await log.heldOut(progress, loss);
    return loss;
  };
  const measured = (progress: Progress) => Math.floor(progress.fraction / recipe.evaluation.every);

  let shown = { at: Number.NEGATIVE_INFINITY, detail: "" };
  let [idleSince, isWarm] = [performance.now(), false];
  try {
    // The first one measures how long the last will take, and tells at once of a folder that cannot be written to.
    if (ledger.spent().longestCheckpointMs === 0) {
      await save();
      await saver.settled();
    }
    for await (const report of trainGuarded({ start, state, restore, guard })) {
      state = report.state;
      const { progress } = report;
      if (isWarm) deadline.microbatchTook(performance.now() - idleSince);
      else isWarm = report.applied; // kernels are compiled in the first microbatch and in the first step
      const row = await log.add(progress, report.loss, details);
      if (row || performance.now() - shown.at > showMs) {
        shown = { at: performance.now(), detail: row ? describeRow(row) : shown.detail };
        const unit = `% of ${training.budget}`;
        context.onProgress({ stage: "training", done: progress.fraction, total: 1, unit, detail: shown.detail });
      }
      if (measured(progress) > measured(last) && deadline.hasTimeFor(ledger.longestEvaluationMs(), elapsed())) {
        const loss = await ledger.time("evaluationMs", () => evaluate(progress));
        if (bestLoss === null || loss < bestLoss) {
          bestLoss = loss;
          await saveOnTheWay(loss);
        }
      }
      last = progress;
      if (context.signal?.aborted) {
        await saveAtLast();
        throw new Interrupted(
          `stopped at ${(100 * progress.fraction).toFixed(1)} % of the budget; \`cramkit resume ${folder}\` goes on`,
        );
      }
      if (isDue() && guard.state.bad === 0) await saveOnTheWay();
      idleSince = performance.now();
    }
    // The clock may have ended it between two microbatches: a finished run stays as it is when it is resumed.
    state = { ...state, progress: { ...state.progress, fraction: 1 } };
    await saveAtLast();
    const finishedMs = elapsed();
    const params = averagedWeights(state.params, state.optimizer);
    disposeTrainingState(state);
    return { params, progress: state.progress, microbatchSize, finishedMs, spent: ledger.spent() };
  } catch (error) {
    disposeTrainingState(state);
    throw error;
  } finally {
    await log.close();
  }
};

const describeRow = ({ step, loss, learningRate, tokensPerSecond }: Record<string, unknown>): string => {
  const rate = Math.round(Number(tokensPerSecond)).toLocaleString("en-US");
  return `step ${Number(step).toLocaleString("en-US")}  loss ${Number(loss).toFixed(3)}  learning rate ${Number(learningRate).toExponential(1)}  ${rate} tokens/s`;
};
