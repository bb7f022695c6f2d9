import { hasCode, problemOf } from "@cramkit/errors";
import {
  allReduce,
  averagedWeights,
  type Gradients,
  joinLocalSteps,
  localSteps,
  type Optimizer,
  type OptimizerState,
  restartBatch,
  stepsApart,
  type Updating,
} from "@cramkit/optim";
import { initialState, type Progress, rolledBack, TrainingDiverged, trainGuarded } from "@cramkit/trainer";
import { heldOutLoss } from "../evaluate/evaluate.ts";
import { disposeTensors, type NamedTensors } from "../named-tensors.ts";
import { Interrupted, stopPoint } from "../progress.ts";
import { flopsPerToken } from "../recipe/flops.ts";
import { trainingOptimizer } from "../recipe/optimizer.ts";
import {
  disposeTrainingState,
  runSettings,
  type Snapshot,
  type Spent,
  stateOf,
  type TrainingState,
  takeSnapshot,
} from "../snapshot/checkpoint-format.ts";
import { createCheckpointKeeper } from "./checkpoint-keeper.ts";
import { createTrainingDisplay } from "./display.ts";
import { firstWeights } from "./first-weights.ts";
import { openTrainingLog } from "./log.ts";
import { planAlong } from "./plan-along.ts";
import { trainingReadings } from "./readings.ts";
import type { Session } from "./session.ts";
import { trainingSteps } from "./steps.ts";

export interface Pretrained {
  /** The weights to keep: the last ones, or their average if the recipe asks for one. */
  readonly params: NamedTensors;
  readonly progress: Progress;
  readonly microbatchSize: number;
  /** When the last checkpoint was on the disk, in milliseconds of the run's clock. */
  readonly finishedMs: number;
  readonly spent: Spent;
}

/** Trains from a checkpoint, or from the beginning, until the budget is used up. */
export const trainFrom = async (
  session: Session,
  snapshot: Snapshot | undefined,
  microbatchSize: number,
): Promise<Pretrained> => {
  const { spec, context, checkpoints, saver, ledger, deadline, along, guard, now, team } = session;
  const { recipe, folder, config, heldOut } = spec;
  const { budget } = recipe.training;
  const isShared = team.size > 1;
  const { localSteps: apart, exchange } = recipe.training;
  const sum = (values: Float32Array) => (exchange === "float16" ? team.sumHalves(values) : team.sum(values));
  const links = { ranks: { size: team.size, allReduce: (values: Float32Array) => team.sum(values) }, sum };
  const across = (inner: Optimizer): Optimizer<Updating> =>
    apart ? localSteps(inner, { ...links, ...apart }) : isShared ? allReduce(inner, links) : inner;
  const plan = planAlong(along, trainingOptimizer(recipe, microbatchSize, spec.kernels, { size: team.size, across }));

  let state = await stateAt(session, snapshot, plan.optimizer, microbatchSize);
  /** At the end of the microbatch before. */
  let last = state.progress;
  const settings = runSettings(recipe);
  const { rows, maskProbability } = snapshot?.run.settings ?? settings;
  /** Losses on other rows, or under other masks, say nothing of one on these. */
  const isComparable = rows === settings.rows && maskProbability === settings.maskProbability;
  let bestLoss = isComparable ? (snapshot?.run.bestLoss ?? null) : null;

  const openLog = () => {
    const rates = { flopsPerToken: flopsPerToken(config, recipe), peakFlops: recipe.metrics.peakFlops };
    return openTrainingLog({ folder, from: state.progress, ...rates, say: context.say, writes: team.rank === 0 });
  };
  let log = await openLog();
  const show = createTrainingDisplay(context, budget);
  const keeper = createCheckpointKeeper(session, {
    progress: () => state.progress,
    take: () => {
      const current = { ...state, progress: { ...state.progress, elapsedMs: now() } };
      return takeSnapshot(current, { microbatchSize, guard: guard.state, spent: ledger.spent(), bestLoss, settings });
    },
    from: snapshot,
  });

  /** The checkpoint that the last rollback went back to. */
  let restoredFrom: number | undefined;
  /** Goes back to the last checkpoint, and on with the data after what did the harm. */
  const restore = async (current: TrainingState, reason: string): Promise<TrainingState> => {
    disposeTrainingState(current);
    await saver.isWritten();
    const newest = await checkpoints.latest();
    // What the last rollback went back to led here again: this one goes further back, if there is a checkpoint.
    const isSpoilt = newest !== undefined && newest.microbatch === restoredFrom;
    const good = (isSpoilt && (await checkpoints.latest({ before: newest.microbatch }))) || newest;
    if (!good)
      throw new TrainingDiverged(
        `${reason}, and no checkpoint to go back to is whole; lower training.optimizer.learningRate`,
      );
    await checkpoints.removeAfter(good.microbatch);
    restoredFrom = good.microbatch;
    context.say(`${reason}: back to microbatch ${good.microbatch}, going on with the data after it`);
    state = rolledBack(stateOf(good.state), current);
    last = state.progress;
    await log.close();
    log = await openLog();
    await keeper.onTheWay(good.score); // a process that is killed now must not meet the same data again
    return state;
  };

  /** Measures the held-out loss when that is due and there is time for it, and keeps the best weights. */
  const evaluate = async (progress: Progress) => {
    const measured = ({ fraction }: Progress) => Math.floor(fraction / recipe.evaluation.every);
    if (measured(progress) <= measured(last)) return;
    if (!(await team.lead(() => deadline.hasTimeFor(ledger.longestEvaluationMs(), now())))) return;
    const loss = await ledger.time("evaluationMs", async () => {
      const weights = averagedWeights(state.params, state.optimizer);
      try {
        const loss = isShared
          ? await heldOutLoss(weights, config, heldOut, undefined, team)
          : await heldOutLoss(weights, config, heldOut, stopPoint(context, ""));
        await log.heldOut(progress, loss);
        return loss;
      } catch (error) {
        if (error instanceof Interrupted) return undefined; // the loop saves and says so
        throw error;
      } finally {
        disposeTensors(weights);
      }
    });
    if (loss === undefined) return;
    if (Number.isFinite(loss) && (bestLoss === null || loss < bestLoss)) {
      bestLoss = loss;
      await keeper.onTheWay(loss);
    }
  };

  /** Weights that are not finite are not kept, and that is said; every other error is thrown. */
  const sayNotFinite = (error: unknown): void => {
    if (!hasCode(error, "not-finite")) throw error;
    context.say(`no checkpoint: ${problemOf(error)}; lower training.optimizer.learningRate`);
  };

  const start = trainingSteps(session, plan.optimizer, microbatchSize);
  let [idleSince, isWarm] = [performance.now(), false];
  try {
    // The first one measures how long the last will take, and tells at once of a folder that cannot be written to.
    if (await team.lead(() => ledger.spent().longestCheckpointMs === 0)) await keeper.first();
    let isStopped = false;
    const reports = untilGivenUp(trainGuarded({ start, state, restore, guard }), () => {
      isStopped = true;
    });
    for await (const report of reports) {
      state = report.state;
      const { progress } = report;
      if (isWarm) deadline.microbatchTook(performance.now() - idleSince);
      else isWarm = report.applied; // kernels are compiled in the first microbatch and in the first step
      show(progress, await log.add(progress, report.loss, () => trainingReadings(session, plan, state, last)));
      // Within a batch each rank has gradients of its own, between exchanges weights of its own, which no checkpoint holds.
      if (isShared && (!report.applied || stepsApart(state.optimizer) > 0)) {
        idleSince = performance.now();
        continue;
      }
      await evaluate(progress);
      last = progress;
      isStopped = await team.any(context.signal?.aborted === true);
      if (isStopped) break;
      if ((await team.lead(keeper.isDue)) && guard.state.bad === 0) await keeper.onTheWay();
      idleSince = performance.now();
    }
    if (apart) {
      const joined = await joinLocalSteps({ params: state.params, state: state.optimizer }, { ...links, ...apart });
      state = { ...state, params: joined.params, optimizer: joined.state };
    }
    if (isStopped) {
      await keeper.atLast().catch(sayNotFinite);
      const percent = (100 * state.progress.fraction).toFixed(1);
      throw new Interrupted(`stopped at ${percent} % of the budget; \`cramkit resume ${folder}\` goes on`);
    }
    // The clock may have ended it between two microbatches: a finished run stays as it is when it is resumed.
    state = { ...state, progress: { ...state.progress, fraction: 1 } };
    if (isShared) state = { ...state, optimizer: restartBatch(state.optimizer) };
    await keeper.atLast().catch(async (error) => {
      sayNotFinite(error);
      const good = await checkpoints.latest();
      if (!good) throw new TrainingDiverged(`${problemOf(error)}, and there is no checkpoint to go back to`);
      context.say(`ending with the weights of microbatch ${good.microbatch.toLocaleString("en-US")}`);
      disposeTrainingState(state);
      state = stateOf(good.state);
      state = { ...state, progress: { ...state.progress, fraction: 1 } };
      await keeper.atLast();
    });
    const finishedMs = now();
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

/** The reports of a loop, until a microbatch is given up in its middle: what was reported before it is whole. */
async function* untilGivenUp<R>(reports: AsyncIterable<R>, onGivenUp: () => void): AsyncGenerator<R, void> {
  try {
    yield* reports;
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    onGivenUp();
  }
}

/** The state of a checkpoint, or the first one; microbatches of another size begin their batch anew. */
const stateAt = async (
  session: Session,
  snapshot: Snapshot | undefined,
  optimizer: Optimizer<Updating>,
  microbatchSize: number,
): Promise<TrainingState> => {
  if (!snapshot) {
    const params = await firstWeights(session, microbatchSize);
    return initialState<NamedTensors, OptimizerState, Gradients>(params, optimizer);
  }
  const { spec, deadline, team } = session;
  const kept = stateOf(snapshot);
  const { budget } = spec.recipe.training;
  const hasMore = (snapshot.run.settings?.budget ?? budget) !== budget;
  const fraction = hasMore ? Math.min(1, deadline.fraction(kept.progress)) : kept.progress.fraction;
  const state = { ...kept, progress: { ...kept.progress, fraction } };
  if (snapshot.run.microbatchSize === microbatchSize && team.size === 1) return state;
  return { ...state, optimizer: restartBatch(state.optimizer) };
};
