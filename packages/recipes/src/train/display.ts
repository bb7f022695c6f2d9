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

const describeRow = (row: MetricsRow): string => {
  const rate = Math.round(numberOf(row.tokensPerSecond)).toLocaleString("en-US");
  return [
    `loss ${numberOf(row.loss).toFixed(3)}`,
    `${rate} tokens/s`,
    `step ${numberOf(row.step).toLocaleString("en-US")}`,
    `learning rate ${numberOf(row.learningRate).toExponential(1)}`,
  ].join("  ");
};

/** A row holds null for what is not finite: that is not zero. */
const numberOf = (value: MetricsRow[string] | undefined): number => (typeof value === "number" ? value : Number.NaN);
