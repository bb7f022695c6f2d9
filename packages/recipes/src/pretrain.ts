import { init, type ModelConfig } from "@cramkit/model";
import { disposeState, type Kernels } from "@cramkit/optim";
import { type BatchCursor, maskedBatches } from "@cramkit/packer";
import { budgetFraction } from "@cramkit/scheduler";
import {
  createGuard,
  initialState,
  type Progress,
  type StepReport,
  TrainingDiverged,
  type TrainState,
  train,
  trainGuarded,
} from "@cramkit/trainer";
import { openCheckpoints } from "@cramkit/trainer/node";
import { parseBudget } from "./budget.ts";
import { stateFormat } from "./checkpoint-format.ts";
import { type EvaluationSet, scoreModel } from "./evaluate.ts";
import { flopsPerToken } from "./flops.ts";
import { maskedLanguageModelGradient } from "./gradient.ts";
import { maskingOf } from "./masking.ts";
import { disposeTensors, type NamedTensors } from "./named-tensors.ts";
import { type TrainingState, trainingOptimizer } from "./optimizer.ts";
import type { Prepared } from "./prepare.ts";
import { Interrupted, type RunContext } from "./progress.ts";
import { streams, uniform } from "./random.ts";
import type { Recipe } from "./recipe.ts";
import { runFiles } from "./run-record.ts";
import { openTrainingLog } from "./training-log.ts";

export interface PretrainSpec {
  readonly recipe: Recipe;
  /** The run's folder. */
  readonly folder: string;
  readonly prepared: Prepared;
  readonly config: ModelConfig;
  readonly microbatchSize: number;
  /** In-place kernels of the backend, where it has them. */
  readonly kernels?: Kernels;
  /** Rows and masks of the held-out losses. */
  readonly heldOut: EvaluationSet;
}

export interface Pretrained {
  readonly params: NamedTensors;
  readonly progress: Progress;
  /** Of this session: held-out losses and checkpoints. */
  readonly evaluationMs: number;
  readonly checkpointMs: number;
}

type State = TrainState<NamedTensors, TrainingState>;

/**
 * Trains until the budget is used up, resuming where the run folder has a checkpoint, and keeps one at the end. The
 * caller disposes of the parameters.
 */
export const pretrain = async (spec: PretrainSpec, context: RunContext): Promise<Pretrained> => {
  const { recipe, folder, prepared, config, microbatchSize, kernels, heldOut } = spec;
  const { seed, training } = recipe;
  const { optimizer, learningRate, batchSize } = trainingOptimizer(training, microbatchSize, kernels);
  const checkpoints = await openCheckpoints<State>({
    folder: runFiles(folder).checkpoints,
    format: stateFormat<TrainingState>(),
    keep: recipe.checkpoints.keep,
    onDamaged: context.say,
  });
  const kept = await checkpoints.latest();
  if (kept) context.say(`resuming at microbatch ${kept.microbatch.toLocaleString("en-US")}`);
  let state: State = kept?.state ?? initialState(init(config, seed), optimizer);
  const log = await openTrainingLog(folder, state.progress);
  const budget = budgetFraction(parseBudget(training.budget, flopsPerToken(config, recipe)));
  const dropoutSeed = (progress: Progress) => Math.floor(uniform(seed, streams.dropout, progress.microbatch) * 2 ** 32);

  const start = (from: State): AsyncGenerator<StepReport<NamedTensors, TrainingState>, void> =>
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
      grad: maskedLanguageModelGradient(config, training.dropout > 0 ? dropoutSeed : undefined),
      optimizer,
      budget,
      size: (batch) => ({ examples: batch.batchSize, tokens: batch.batchSize * batch.seqLength }),
    });

  const guard = createGuard();
  const restore = async (current: State, reason: string): Promise<State> => {
    release(current);
    const good = await checkpoints.latest();
    if (!good)
      throw new TrainingDiverged(
        `${reason}, before there was a checkpoint to go back to; lower training.optimizer.learningRate`,
      );
    context.say(`${reason}: back to microbatch ${good.microbatch}, going on with the data after it`);
    return good.state;
  };

  const timer = createTimer();
  const save = (at: State) =>
    timer.time("checkpoint", () => checkpoints.write(at, { microbatch: at.progress.microbatch }));
  let savedAt = performance.now();
  const measured = (progress: Progress) => Math.floor(progress.fraction / recipe.evaluation.every);
  let last = state.progress;
  try {
    for await (const report of trainGuarded({ start, state, restore, guard })) {
      state = report.state;
      const { progress } = report;
      // On the host's own backend the loss is there already; a device is never waited for longer than the loop does.
      const loss = await report.loss;
      const details = async () => ({
        learningRate: learningRate(last),
        batchSize: batchSize(last),
        gradientNorm: (await state.optimizer.inner.norm.data())[0]!,
        memoryBytes: process.memoryUsage.rss(),
      });
      const row = await log.add(progress, loss, details);
      if (row)
        context.onProgress({
          stage: "training",
          done: progress.fraction,
          total: 1,
          unit: "%",
          detail: describeRow(row),
        });
      if (measured(progress) > measured(last)) {
        await timer.time("evaluation", async () =>
          log.heldOut(progress, (await scoreModel(state.params, config, heldOut)).loss),
        );
      }
      last = progress;
      if (context.signal?.aborted) {
        await save(state);
        throw new Interrupted(
          `stopped at ${(100 * progress.fraction).toFixed(1)} % of the budget; \`cramkit resume ${folder}\` goes on`,
        );
      }
      if (performance.now() - savedAt > recipe.checkpoints.minutes * 60_000) {
        await save(state);
        savedAt = performance.now();
      }
    }
    if (kept?.microbatch !== state.progress.microbatch) await save(state);
  } catch (error) {
    release(state);
    throw error;
  } finally {
    await log.close();
  }
  disposeState(state.optimizer);
  return {
    params: state.params,
    progress: state.progress,
    evaluationMs: timer.total("evaluation"),
    checkpointMs: timer.total("checkpoint"),
  };
};

const release = ({ params, optimizer }: State): void => {
  disposeTensors(params);
  disposeState(optimizer);
};

const createTimer = () => {
  const totals = new Map<string, number>();
  return {
    total: (what: string) => totals.get(what) ?? 0,
    async time(what: string, work: () => Promise<void>) {
      const startedAt = performance.now();
      await work();
      totals.set(what, (totals.get(what) ?? 0) + performance.now() - startedAt);
    },
  };
};

const describeRow = ({ loss, learningRate, tokensPerSecond }: Record<string, unknown>): string => {
  const rate = Math.round(Number(tokensPerSecond)).toLocaleString("en-US");
  return `loss ${Number(loss).toFixed(3)}  learning rate ${Number(learningRate).toExponential(1)}  ${rate} tokens/s`;
};
