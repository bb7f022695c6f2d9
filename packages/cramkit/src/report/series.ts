import type { ReportedRun } from "@cramkit/recipes";

/** A chart of the report: a column of the metrics against a horizontal axis. */
interface ChartSpec {
  readonly title: string;
  readonly column: string;
  /** Noise: a thin line as measured, a thick one averaged. */
  readonly averaged?: boolean;
  /** A column that is measured now and then, drawn beside it. */
  readonly measured?: string;
  /** As wide as the page. */
  readonly wide?: boolean;
  /** Factor from the metrics to what is shown. */
  readonly factor?: number;
}

const charts: readonly ChartSpec[] = [
  { title: "Masked-token loss (nats)", column: "loss", averaged: true, measured: "heldOutLoss", wide: true },
  { title: "Learning rate", column: "learningRate" },
  { title: "Tokens per second", column: "tokensPerSecond", averaged: true },
  { title: "Gradient norm", column: "gradientNorm", averaged: true },
  { title: "Batch size (examples)", column: "batchSize" },
  { title: "Model FLOPs utilisation (%)", column: "modelFlopsUtilisation", factor: 100, averaged: true },
  { title: "Loss scale", column: "lossScale" },
  { title: "Steps skipped so far (gradient not finite)", column: "skippedSteps" },
  { title: "Host memory (GB)", column: "hostMemoryBytes", factor: 1e-9 },
  { title: "Device memory (GB)", column: "deviceMemoryBytes", factor: 1e-9 },
];

/** A run's metrics as columns; missing values are null. */
export type RunSeries = {
  readonly name: string;
  /** Runs of one group have one colour. @defaultValue a colour of its own */
  readonly group?: number;
} & Readonly<Record<string, readonly (number | null)[] | string | number | undefined>>;

const pointsOfAChart = 2_000;
/** Of all runs together, so that a page of a hundred runs stays one that a browser likes. */
const pointsOfAPage = 40_000;

/** What the charts draw. A chart that would be one level line for every run is left out. Runs of one group have one colour. */
export const chartData = (runs: readonly ReportedRun[], names: readonly string[], groups?: readonly number[]) => {
  const shown = charts.filter(
    ({ column, wide }) =>
      wide || runs.some(({ metrics }) => new Set(metrics.flatMap((row) => row[column] ?? [])).size > 1),
  );
  const points = Math.min(pointsOfAChart, Math.ceil(pointsOfAPage / Math.max(1, runs.length)));
  return {
    charts: shown,
    runs: runs.map(
      (run, index): RunSeries => ({ ...runSeries(run, names[index]!, shown, points), group: groups?.[index] }),
    ),
  };
};

/** Operations of one token, forward and backward; undefined before the first metrics. */
export const flopsPerToken = ({ summary, metrics }: ReportedRun): number | undefined => {
  if (summary) return summary.flopsPerToken;
  const row = metrics.find(({ flopsPerSecond, tokensPerSecond }) => flopsPerSecond && tokensPerSecond);
  return row && Number(row.flopsPerSecond) / Number(row.tokensPerSecond);
};

const runSeries = (run: ReportedRun, name: string, shown: readonly ChartSpec[], points: number): RunSeries => {
  const { metrics } = run;
  const stride = Math.ceil(metrics.length / points);
  // A held-out loss is rare and must not be thinned away.
  const rows = metrics.filter((row, index) => index % stride === 0 || row.heldOutLoss !== undefined);
  const column = (key: string, factor = 1) =>
    rows.map((row) => (typeof row[key] === "number" ? Number((row[key] * factor).toPrecision(6)) : null));
  return {
    name,
    tokens: column("tokens"),
    minutes: column("elapsedMs", 1 / 60_000),
    flops: column("tokens", flopsPerToken(run) ?? 0),
    ...Object.fromEntries(
      shown.flatMap((chart) => [
        [chart.column, column(chart.column, chart.factor)],
        ...(chart.measured ? [[chart.measured, column(chart.measured)]] : []),
      ]),
    ),
  };
};
