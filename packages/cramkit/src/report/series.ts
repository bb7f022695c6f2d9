import type { RunRecord } from "@cramkit/recipes";

/** The columns of a run's metrics that charts draw. Missing values are null. */
export interface RunSeries {
  readonly name: string;
  /** Possible horizontal axes. */
  readonly minutes: (number | null)[];
  readonly tokens: (number | null)[];
  readonly flops: (number | null)[];
  readonly loss: (number | null)[];
  readonly heldOutLoss: (number | null)[];
  readonly learningRate: (number | null)[];
  readonly batchSize: (number | null)[];
  readonly tokensPerSecond: (number | null)[];
  readonly gradientNorm: (number | null)[];
}

const pointsOfAChart = 1_000;

/** A run's metrics as columns, thinned to what a chart can show. */
export const runSeries = (run: RunRecord, name: string): RunSeries => {
  const stride = Math.ceil(run.metrics.length / pointsOfAChart);
  // A held-out loss is rare and must not be thinned away.
  const rows = run.metrics.filter((row, index) => index % stride === 0 || row.heldOutLoss !== undefined);
  const column = (key: string) => rows.map((row) => (typeof row[key] === "number" ? (row[key] as number) : null));
  const scaled = (key: string, factor: number) => column(key).map((value) => (value === null ? null : value * factor));
  return {
    name,
    minutes: scaled("elapsedMs", 1 / 60_000),
    tokens: column("tokens"),
    flops: scaled("tokens", run.summary?.flopsPerToken ?? 0),
    loss: column("loss"),
    heldOutLoss: column("heldOutLoss"),
    learningRate: column("learningRate"),
    batchSize: column("batchSize"),
    tokensPerSecond: column("tokensPerSecond"),
    gradientNorm: column("gradientNorm"),
  };
};
