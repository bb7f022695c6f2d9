import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { publishedCompute, publishedLosses, type RunRecord } from "@cramkit/recipes";
import { chartScript } from "./chart-script.ts";
import { big, bytes, flop, nats, percent } from "./format.ts";
import { type Html, html, raw, table } from "./html.ts";
import { scoreSections } from "./scores.ts";
import { runSeries } from "./series.ts";
import { style } from "./style.ts";

/** A self-contained page about one run, or several side by side. `liveSeconds` makes it reload itself. */
export const renderReport = async (
  runs: readonly RunRecord[],
  { liveSeconds }: { liveSeconds?: number } = {},
): Promise<string> => {
  const names = runNames(runs);
  const title = `Cramkit: ${names.join(", ")}`;
  const series = JSON.stringify(runs.map((run, index) => runSeries(run, names[index]!))).replaceAll("<", "\\u003c");
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
${liveSeconds ? html`<meta http-equiv="refresh" content="${liveSeconds}">` : ""}
<title>${title}</title><style>${raw(await asset("uplot/dist/uPlot.min.css"))}${raw(style)}</style></head><body>
<h1>${names.join(" / ")}</h1>
<p class="muted">${runs.length === 1 ? runs[0]!.recipe.description : "Runs side by side."}</p>
${runs.length === 1 ? keyFigures(runs[0]!) : ""}
<h2>Training</h2>
<p><label>Against <select id="axis"><option value="tokens">tokens</option><option value="minutes">minutes</option>
${runs.every((run) => run.summary) ? raw('<option value="flops">floating-point operations</option>') : ""}</select></label></p>
<div id="charts"></div>
${maskedSection(runs, names)}
${scoreSections(runs, names)}
${computeSection(runs, names)}
<h2>Recipe</h2>
${runs.map((run, index) => html`<details${runs.length === 1 ? raw(" open") : ""}><summary>${names[index]}</summary><pre>${JSON.stringify(run.recipe, null, 2)}</pre></details>`)}
<script type="application/json" id="runs">${raw(series)}</script>
<script>${raw(await asset("uplot/dist/uPlot.iife.min.js"))}${raw(chartScript)}</script>
</body></html>
`;
  return page.html;
};

const asset = (path: string): Promise<string> => readFile(createRequire(import.meta.url).resolve(path), "utf8");

/** Folder names where recipes share a name, else the recipes' names. */
const runNames = (runs: readonly RunRecord[]): string[] => {
  const recipes = runs.map((run) => run.recipe.name);
  return new Set(recipes).size === runs.length ? recipes : runs.map((run) => basename(run.folder));
};

const keyFigures = (run: RunRecord): Html => {
  const { summary, masked } = run;
  const last = run.metrics.at(-1);
  const figures: [string, string][] = [];
  if (masked) {
    figures.push(["held-out loss", `${nats(masked.trained.loss)} nats`]);
    figures.push(["below the unigram model", `${nats(masked.unigram.loss - masked.trained.loss)} nats`]);
    figures.push(["masked tokens right", percent(masked.trained.accuracy)]);
  } else if (typeof last?.loss === "number") figures.push(["training loss so far", `${nats(last.loss)} nats`]);
  if (summary) {
    figures.push(["parameters", big(summary.parameters)]);
    figures.push(["tokens", big(summary.tokens)]);
    figures.push(["compute", flop(summary.tokens * summary.flopsPerToken)]);
    figures.push(["training time", `${(summary.elapsedMs / 60_000).toFixed(1)} min`]);
    figures.push(["tokens per second", big(summary.tokens / (summary.elapsedMs / 1000))]);
    figures.push(["peak memory", bytes(summary.peakMemoryBytes)]);
  } else if (typeof last?.fraction === "number") figures.push(["budget used", percent(last.fraction)]);
  const where =
    summary &&
    html`<p class="muted">${summary.backend}; ${summary.hardware}; Node ${summary.node}. ${summary.steps.toLocaleString("en-US")} steps in ${summary.microbatches.toLocaleString("en-US")} microbatches, ${summary.epochs.toFixed(2)} times over ${summary.rowsPrepared.toLocaleString("en-US")} rows. Of the training time ${(summary.evaluationMs / 1000).toFixed(1)} s went into held-out losses and ${(summary.checkpointMs / 1000).toFixed(1)} s into checkpoints.</p>`;
  return html`<dl class="figures">${figures.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>${where}`;
};

const maskedSection = (runs: readonly RunRecord[], names: readonly string[]): Html => {
  const measured = runs.flatMap((run, index) => (run.masked ? [{ masked: run.masked, name: names[index]! }] : []));
  if (measured.length === 0) return html``;
  const rows = measured.flatMap(({ masked, name }) => [
    { ours: true, cells: [`${name}, trained`, nats(masked.trained.loss), percent(masked.trained.accuracy)] },
    { cells: [`${name}, untrained network`, nats(masked.untrained.loss), percent(masked.untrained.accuracy)] },
    {
      cells: [
        `${name}, unigram model of its training rows`,
        nats(masked.unigram.loss),
        percent(masked.unigram.accuracy),
      ],
    },
  ]);
  const { positions, rows: heldOut } = measured[0]!.masked;
  return html`<h2>Masked tokens of held-out documents</h2>${table({
    head: ["", "loss (nats)", "right"],
    rows: [
      ...rows,
      ...publishedLosses.map(({ name, loss, provenance }) => ({
        cells: [html`${name} <span class="muted">(${provenance})</span>`, loss, ""],
      })),
    ],
    caption: `${positions.toLocaleString("en-US")} masked tokens in ${heldOut.toLocaleString("en-US")} rows that were never trained on, the same for all. The published losses are on other text with a vocabulary of 32,768 and are no measure for this one.`,
  })}`;
};

const computeSection = (runs: readonly RunRecord[], names: readonly string[]): Html => {
  const ours = runs.flatMap((run, index) => {
    const { summary } = run;
    if (!summary) return [];
    return [{ name: names[index]!, exaFlop: (summary.tokens * summary.flopsPerToken) / 1e18, ours: true }];
  });
  if (ours.length === 0) return html``;
  const rows = [...ours, ...publishedCompute].map((row) => ({
    ours: "ours" in row,
    cells: [
      row.name,
      flop(row.exaFlop * 1e18),
      ...ours.map((own) => `${(row.exaFlop / own.exaFlop).toPrecision(3)} x`),
    ],
  }));
  return html`<h2>Compute</h2>${table({
    head: ["", "compute", ...ours.map(({ name }) => `against ${name}`)],
    rows,
    caption:
      "Ours: useful operations, counted from the configuration. Published: peak rate of the hardware times its hours, as the study counts, so the two are not the same measure.",
  })}`;
};
