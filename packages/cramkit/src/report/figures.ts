import type { RunRecord } from "@cramkit/recipes";
import { duration } from "../progress.ts";
import { big, bytes, flop, nats, percent, whole } from "./format.ts";
import { type Html, html, table } from "./html.ts";

type Figures = Readonly<Record<string, string | undefined>>;

/** What a run comes to, or has come to so far: one number each, undefined where it is not known. */
const figuresOf = ({ summary, masked, metrics }: RunRecord): Figures => {
  const last = metrics.at(-1);
  const mean = (key: string, share: number): number | undefined => {
    const values = metrics.flatMap((row) => (typeof row[key] === "number" ? row[key] : []));
    const recent = values.slice(-Math.max(1, Math.ceil(values.length * share)));
    return recent.length === 0 ? undefined : recent.reduce((sum, value) => sum + value, 0) / recent.length;
  };
  const number = (key: string): number | undefined => (typeof last?.[key] === "number" ? last[key] : undefined);
  const tokens = summary?.tokens ?? number("tokens");
  const elapsedMs = summary?.elapsedMs ?? number("elapsedMs");
  const fraction = summary ? 1 : number("fraction");
  const heldOut = masked?.trained.loss ?? metrics.findLast((row) => typeof row.heldOutLoss === "number")?.heldOutLoss;
  const shown = <T extends number>(value: T | undefined, show: (value: T) => string) =>
    value === undefined ? undefined : show(value);
  return {
    "budget used": fraction === 1 ? undefined : shown(fraction, percent),
    "time left":
      fraction && fraction < 1 ? shown(elapsedMs, (ms) => duration((ms / 1000) * (1 / fraction - 1))) : undefined,
    "held-out loss": typeof heldOut === "number" ? `${nats(heldOut)} nats` : undefined,
    "below the unigram model": masked && `${nats(masked.unigram.loss - masked.trained.loss)} nats`,
    "masked tokens right": masked && percent(masked.trained.accuracy),
    "training loss at the end": shown(mean("loss", 0.02), (loss) => `${nats(loss)} nats`),
    parameters: shown(summary?.parameters, big),
    tokens: shown(tokens, big),
    compute: summary && flop(summary.tokens * summary.flopsPerToken),
    "training time": shown(elapsedMs, (ms) => duration(ms / 1000)),
    "tokens per second": tokens && elapsedMs ? whole(tokens / (elapsedMs / 1000)) : undefined,
    "peak memory": shown(summary?.peakMemoryBytes, bytes),
  };
};

/** One run as tiles, several as a table with a column for each. */
export const figuresSection = (runs: readonly RunRecord[], names: readonly string[]): Html => {
  const figures = runs.map(figuresOf);
  const known = Object.keys(figures[0]!).filter((name) => figures.some((each) => each[name] !== undefined));
  if (runs.length > 1) {
    const rows = known.map((name) => ({ cells: [name, ...figures.map((each) => each[name] ?? "–")] }));
    return html`<h2>At a glance</h2>${table({ head: ["", ...names], rows })}`;
  }
  const tiles = known.map((name) => html`<div><dt>${name}</dt><dd>${figures[0]![name]}</dd></div>`);
  return html`<dl class="figures">${tiles}</dl>${circumstances(runs[0]!)}`;
};

const circumstances = ({ summary }: RunRecord): Html => {
  if (!summary) return html``;
  const { backend, hardware, node, steps, microbatches, epochs, rowsPrepared, evaluationMs, checkpointMs } = summary;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  return html`<p class="muted">${backend}; ${hardware}; Node ${node}. ${whole(steps)} steps in ${whole(microbatches)} microbatches, ${epochs.toFixed(2)} times over ${whole(rowsPrepared)} rows. Of the training time ${seconds(evaluationMs)} went into held-out losses and ${seconds(checkpointMs)} into checkpoints.</p>`;
};
