import { axes, bandOf, lossCurve } from "../chart/curves.ts";
import { lineChartSvg } from "../chart/line-chart.ts";
import { scoreChartSvg } from "../chart/score-chart.ts";
import { csv } from "./csv.ts";
import type { SweepData } from "./read-sweep.ts";
import { byVariant, type Score, scoresIn } from "./statistics.ts";

const axisNames = { tokens: "tokens", seconds: "seconds of training", flops: "floating-point operations" } as const;

/** A file of a report: its name in the folder of the sweep, and its text. */
export interface ReportFile {
  readonly name: string;
  readonly text: string;
}

/** The charts of a sweep as SVG: its loss against tokens, time and operations, and each score by variant or setting. */
export const sweepCharts = ({ record, runs, results }: SweepData): ReportFile[] => {
  const title = record.sweep.name;
  const variants = [...new Set(runs.map(({ result }) => result.variant))];
  const losses = axes.map((axis): ReportFile => {
    const lines = variants.map((name) => ({
      name,
      band: bandOf(runs.filter(({ result }) => result.variant === name).map(({ run }) => lossCurve(run, axis))),
    }));
    const chart = { title: `${title}: training loss`, xLabel: axisNames[axis], yLabel: "loss (nats)", lines };
    return { name: `charts/loss-${axis}.svg`, text: lineChartSvg(chart) };
  });
  const done = results.filter(({ status }) => status === "done");
  return [...losses, ...scoresIn(done).map((score) => scoreChart(title, score, done))];
};

/** The only setting that is varied, if its values are numbers. */
const numericSetting = (results: SweepData["results"]): string | undefined => {
  const paths = [...new Set(results.flatMap(({ settings }) => Object.keys(settings)))];
  const [only] = paths;
  return paths.length === 1 && results.every(({ settings }) => typeof settings[only!] === "number") ? only : undefined;
};

const scoreChart = (title: string, score: Score, results: SweepData["results"]): ReportFile => {
  const setting = numericSetting(results);
  const points = [...byVariant(results)].map(([label, group]) => ({
    label,
    values: group.flatMap((result) => score.of(result) ?? []),
    x: setting === undefined ? undefined : (group[0]!.settings[setting] as number),
  }));
  const chart = { title: `${title}: ${score.name}`, yLabel: `${score.name} (${score.unit})`, xLabel: setting, points };
  return { name: `charts/${score.id}.svg`, text: scoreChartSvg(chart) };
};

/** The data behind the charts: a line a run, and a line for each measurement of each run. */
export const sweepTables = ({ results, runs }: SweepData): ReportFile[] => {
  const scores = scoresIn(results);
  const settings = [...new Set(results.flatMap(({ settings }) => Object.keys(settings)))];
  const numbers = ["parameters", "steps", "tokens", "flops", "seconds"] as const;
  const head = [
    "variant",
    "seed",
    "status",
    ...settings,
    ...numbers,
    ...scores.map(({ id }) => id),
    "comparison",
    "error",
  ];
  const lines = results.map((result) => [
    result.variant,
    result.seed,
    result.status,
    ...settings.map((path) => result.settings[path]),
    ...numbers.map((name) => result[name]),
    ...scores.map((score) => score.of(result)),
    result.comparison,
    result.error?.message,
  ]);
  const steps = runs.flatMap(({ result, run }) => {
    const perToken = run.summary?.flopsPerToken;
    return run.metrics.map((row) => [
      result.variant,
      result.seed,
      row.tokens,
      typeof row.elapsedMs === "number" ? row.elapsedMs / 1000 : undefined,
      typeof row.tokens === "number" && perToken ? row.tokens * perToken : undefined,
      row.loss,
      row.heldOutLoss,
    ]);
  });
  return [
    { name: "data/results.csv", text: csv([head, ...lines]) },
    {
      name: "data/loss.csv",
      text: csv([["variant", "seed", "tokens", "seconds", "flops", "loss", "held-out-loss"], ...steps]),
    },
  ];
};
