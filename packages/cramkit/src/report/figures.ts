import type { ReportedRun } from "@cramkit/recipes";
import { duration } from "../terminal/progress.ts";
import { big, bytes, energy, flop, nats, percent, whole } from "./format.ts";
import { type Html, html, table } from "./html.ts";
import { flopsPerToken } from "./series.ts";

type Figures = Readonly<Record<string, string | undefined>>;

/** What a run comes to, or has come to so far: one number each, undefined if it is not known. */
const figuresOf = (run: ReportedRun): Figures => {
  const { summary, masked, metrics } = run;
  const last = metrics.at(-1);
  const column = (key: string) => metrics.flatMap((row) => (typeof row[key] === "number" ? row[key] : []));
  const mean = (values: readonly number[]) =>
    values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
  const losses = column("loss");
  /** Undefined if it is nothing, too. */
  const most = (key: string) => Math.max(0, ...column(key)) || undefined;
  const number = (key: string): number | undefined => (typeof last?.[key] === "number" ? last[key] : undefined);
  const tokens = summary?.tokens ?? number("tokens");
  const elapsedMs = summary?.elapsedMs ?? number("elapsedMs");
  const perToken = flopsPerToken(run);
  const joules = summary && (summary.cpuJoules ?? 0) + (summary.gpuJoules ?? 0);
  const utilisation = mean(column("modelFlopsUtilisation"));
  const fraction = summary ? 1 : number("fraction");
  const heldOut = masked?.trained.loss ?? metrics.findLast((row) => typeof row.heldOutLoss === "number")?.heldOutLoss;
  const shown = <T extends number>(value: T | undefined, show: (value: T) => string) =>
    value === undefined ? undefined : show(value);
  return {
    "budget used": shown(fraction, percent),
    "time left":
      fraction && fraction < 1 ? shown(elapsedMs, (ms) => duration((ms / 1000) * (1 / fraction - 1))) : undefined,
    "held-out loss": typeof heldOut === "number" ? `${nats(heldOut)} nats` : undefined,
    "below the unigram baseline": masked && `${nats(masked.unigram.loss - masked.trained.loss)} nats`,
    "masked-token accuracy": masked && percent(masked.trained.accuracy),
    "training loss, last\u00a02\u00a0%": shown(
      mean(losses.slice(-Math.ceil(losses.length / 50))),
      (loss) => `${nats(loss)} nats`,
    ),
    parameters: shown(summary?.parameters, big),
    tokens: shown(tokens, big),
    compute: tokens && perToken ? flop(tokens * perToken) : undefined,
    "training time": shown(elapsedMs, (ms) => duration(ms / 1000)),
    "tokens per second": tokens && elapsedMs ? whole(tokens / (elapsedMs / 1000)) : undefined,
    "model FLOPs utilisation": shown(utilisation, percent),
    "energy (CPU and GPU)": joules ? energy(joules) : undefined,
    "peak memory": shown(summary?.peakMemoryBytes, bytes),
    "device memory": shown(most("deviceMemoryBytes"), bytes),
    "skipped steps": shown(most("skippedSteps"), whole),
    rollbacks: shown(most("rollbacks"), whole),
  };
};

/** One run as tiles, several as a table with a column for each. */
export const figuresSection = (runs: readonly ReportedRun[], names: readonly string[]): Html => {
  const figures = runs.map(figuresOf);
  /** That a run has used its budget goes without saying, unless another has not. */
  const isSaid = (name: string, value: string | undefined) =>
    value !== undefined && !(name === "budget used" && value === percent(1));
  const known = Object.keys(figures[0]!).filter((name) => figures.some((each) => isSaid(name, each[name])));
  if (runs.length > 1) {
    const rows = known.map((name) => ({ cells: [name, ...figures.map((each) => each[name] ?? "–")] }));
    return html`<h2>At a glance</h2>${table({ head: ["", ...names], rows })}`;
  }
  const tiles = known.map((name) => html`<div><dt>${name}</dt><dd>${figures[0]![name]}</dd></div>`);
  return html`<dl class="figures">${tiles}</dl>${circumstances(runs[0]!)}`;
};

const circumstances = ({ summary }: ReportedRun): Html => {
  if (!summary) return html``;
  const { backend, hardware, node, steps, microbatches, epochs, rowsPrepared, evaluationMs, checkpointMs } = summary;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  return html`<p class="muted">${backend}; ${hardware}; Node ${node}. ${whole(steps)} steps in ${whole(microbatches)} microbatches; ${epochs.toFixed(2)} epochs of ${whole(rowsPrepared)} rows. The training time includes ${seconds(evaluationMs)} for held-out losses and ${seconds(checkpointMs)} for checkpoints.</p>`;
};
