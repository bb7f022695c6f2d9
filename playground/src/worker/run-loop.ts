import type { ModelConfig } from "@cramkit/model";
import type { Optimizer } from "@cramkit/optim";
import type { MaskedBatch } from "@cramkit/packer";
import type { Event, RunSettings, RunView } from "../protocol.ts";
import { addLoss } from "./curve.ts";
import { guessMasks } from "./guess.ts";
import type { Rows } from "./prepare-text.ts";
import { runClock } from "./run-clock.ts";
import type { History } from "./snapshot.ts";
import { learningRateOf, meanLoss, type TrainingState, trainFrom } from "./training.ts";

/** A run on a device. The loop replaces `state` after every step. */
export interface LiveRun {
  settings: RunSettings;
  config: ModelConfig;
  rows: Rows;
  heldOutBatches: readonly MaskedBatch[];
  optimizer: Optimizer;
  state: TrainingState;
  history: History;
  /** What computes, in words. */
  device: string;
}

/** What the page may change while a run trains. */
export interface Controls {
  isPausing: boolean;
  sentence: string;
}

const reportEveryMs = 250;
const guessEveryMs = 1000;
/** Held-out losses and checkpoints may each take one part in so many of the time. */
const shareOfTime = 10;

/** Where a run stands, for the page. */
export const viewOf = ({ settings, state, history, device }: LiveRun, tokensPerSecond = 0): RunView => {
  const { step, tokens, elapsedMs, fraction } = state.progress;
  return {
    ...{ settings, step, tokens, elapsedMs, fraction, tokensPerSecond, device },
    learningRate: learningRateOf(settings)(state.progress),
    training: history.training.points,
    heldOut: history.heldOut,
  };
};

export const guessNow = async ({ state, config, rows }: LiveRun, sentence: string) =>
  guessMasks({ params: state.params, config, tokenizer: rows.tokenizer }, sentence, state.progress.step);

/** Runs `work` when it is due: at once, then so seldom that it takes one part in `shareOfTime`, and `leastMs` apart. */
const seldom = (leastMs: number, work: () => Promise<void>, firstAfterMs = 0) => {
  let dueAt = performance.now() + firstAfterMs;
  return async () => {
    const startedAt = performance.now();
    if (startedAt < dueAt) return;
    await work();
    const now = performance.now();
    dueAt = now + Math.max(leastMs, shareOfTime * (now - startedAt));
  };
};

/**
 * Trains until the budget is used or the page asks for a pause, and says so to the page as it goes. Leaves the state in
 * `run`, also when it throws: the last one that was reached.
 */
export const runLoop = async (
  run: LiveRun,
  controls: Controls,
  { post, save }: { post: (event: Event) => void; save: () => Promise<void> },
): Promise<"paused" | "finished"> => {
  const { history, config, heldOutBatches } = run;
  const measure = async () => {
    const loss = await meanLoss(run.state.params, config, heldOutBatches);
    const { step } = run.state.progress;
    if (history.heldOut.at(-1)?.step !== step) history.heldOut.push({ step, loss });
  };
  let guessed = "";
  const guess = async () => {
    guessed = controls.sentence;
    post({ type: "guesses", guesses: await guessNow(run, guessed) });
  };
  const report = (rate: number) => {
    const { training, heldOut, ...progress } = viewOf(run, rate);
    post({ type: "progress", run: progress, training, heldOut });
  };
  let reportedAt = performance.now();
  let reported = run.state.progress;
  let rate = 0;
  const clock = runClock(run.state.progress.elapsedMs);
  /** What the loop does, once; then the time begins, and there is nothing left to compile. */
  const warmUp = async () => {
    await measure();
    await guess();
    report(0);
    [reportedAt, reported] = [performance.now(), run.state.progress];
    clock.begin();
    post({ type: "begun" });
    return [
      seldom(2000, measure, 2000),
      seldom(guessEveryMs, guess, guessEveryMs),
      seldom(10_000, save, 5000),
    ] as const;
  };
  let due: Awaited<ReturnType<typeof warmUp>> | undefined;
  if (history.heldOut.length === 0) await measure();
  for await (const { progress, state, loss } of trainFrom(run.state, { ...run, elapsed: clock.elapsed })) {
    run.state = state;
    // Not awaited: the host stays ahead of the device.
    loss.then((value) => addLoss(history.training, { step: progress.step, loss: value })).catch(() => {});
    if (!due) {
      await loss;
      if (controls.isPausing) break;
      due = await warmUp();
    }
    const [measureSeldom, guessSeldom, saveSeldom] = due;
    await measureSeldom();
    if (controls.sentence !== guessed) await guess();
    else await guessSeldom();
    await saveSeldom();
    const now = performance.now();
    if (now - reportedAt >= reportEveryMs || progress.fraction >= 1) {
      rate = (1000 * (progress.tokens - reported.tokens)) / (progress.elapsedMs - reported.elapsedMs);
      report(rate);
      [reportedAt, reported] = [now, progress];
    }
    if (controls.isPausing) break;
  }
  await measure();
  await guess();
  await save();
  report(rate);
  return run.state.progress.fraction >= 1 ? "finished" : "paused";
};
