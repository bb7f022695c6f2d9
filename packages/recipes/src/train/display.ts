import type { Progress } from "@cramkit/trainer";
import type { MetricsRow } from "@cramkit/trainer/node";
import type { RunContext } from "../progress.ts";

/** Between two signs of life. */
const showMs = 1_000;

/** Shows how far the training is: with every row of the metrics, and once a second. */
export const createTrainingDisplay = ({ onProgress }: RunContext, budget: string) => {
  let shown = { at: Number.NEGATIVE_INFINITY, detail: "" };
  return (progress: Progress, row: MetricsRow | undefined): void => {
    if (!row && performance.now() - shown.at <= showMs) return;
    shown = { at: performance.now(), detail: row ? describeRow(row) : shown.detail };
    const unit = `% of ${budget}`;
    onProgress({ stage: "training", done: progress.fraction, total: 1, unit, detail: shown.detail });
  };
};

const describeRow = ({ step, loss, learningRate, tokensPerSecond }: MetricsRow): string => {
  const rate = Math.round(Number(tokensPerSecond)).toLocaleString("en-US");
  return `step ${Number(step).toLocaleString("en-US")}  loss ${Number(loss).toFixed(3)}  learning rate ${Number(learningRate).toExponential(1)}  ${rate} tokens/s`;
};
