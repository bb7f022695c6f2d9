import { basename } from "node:path";
import { mainScore, type Outcome, type Span } from "@cramkit/finetune";
import { calibration, confusionMatrix } from "@cramkit/metrics";
import type { FinetuneRecord } from "@cramkit/recipes";
import { duration } from "../../terminal/progress.ts";
import { percent, whole } from "../format.ts";
import { type Html, html, raw, table } from "../html.ts";
import { style } from "../style.ts";
import { linePlot, type PlotLine } from "./line-plot.ts";
import { plotStyle } from "./style.ts";

/** A self-contained page about a finetuning: scores, curves, confusion matrix, calibration and the worst mistakes. */
export const finetuneReport = ({ folder, request, result }: FinetuneRecord): string => {
  const { task, evaluation, bestEpoch, history, trainRows, seconds, settings, backend } = result;
  const main = mainScore[task.kind];
  const tiles = {
    [`${main}, dev`]: scoreText(evaluation.scores[main]),
    "best epoch": `${bestEpoch} of ${history.length}`,
    "training rows": whole(trainRows),
    "dev rows": whole(evaluation.rows),
    "time (last session)": duration(seconds),
    "learning rate": settings.learningRate,
  };
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Cramkit: ${basename(folder)}</title>
<style>${raw(style)}${raw(plotStyle)}</style></head>
<body><main><h1>${basename(folder)}</h1>
<p class="muted">${basename(request.model)} finetuned on ${basename(request.train)}; ${backend}</p>
<dl class="figures">${Object.entries(tiles).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
<h2>Scores on the dev set</h2>${table({
    head: ["", ...history.map(({ epoch }) => `epoch ${epoch}`)],
    rows: [
      ...Object.keys(evaluation.scores).map((name) => ({
        ours: name === main,
        cells: [name, ...history.map(({ dev }) => scoreText(dev.scores[name]))],
      })),
      { cells: ["loss", ...history.map(({ dev }) => dev.loss.toFixed(4))] },
      { cells: ["training loss", ...history.map(({ trainLoss }) => trainLoss.toFixed(4))] },
    ],
    caption: `The saved weights are from epoch ${bestEpoch}.`,
  })}
${curves(result.history, main)}
${confusionSection(result)}
${calibrationSection(result)}
${mistakesSection(result.outcomes)}
<h2>Settings</h2><pre tabindex="0">${JSON.stringify({ request, settings }, null, 2)}</pre>
</main></body></html>
`;
  return page.html;
};

const scoreText = (value: number | null | undefined): string =>
  typeof value === "number" && Number.isFinite(value) ? value.toFixed(4) : "–";

const curves = (history: FinetuneRecord["result"]["history"], main: string): Html => {
  const at = (value: (epoch: (typeof history)[number]) => number): [number, number][] =>
    history.map((epoch) => [epoch.epoch, value(epoch)]);
  const losses: PlotLine[] = [
    { name: "training loss", points: at(({ trainLoss }) => trainLoss) },
    { name: "dev loss", points: at(({ dev }) => dev.loss) },
  ];
  const scores: PlotLine[] = [{ name: main, points: at(({ dev }) => dev.scores[main] ?? 0) }];
  return html`<h2>Curves</h2><div class="plots">
<figure><figcaption>Loss</figcaption>${linePlot(losses, { axis: "epoch" })}</figure>
<figure><figcaption>${main} on the dev set</figcaption>${linePlot(scores, { axis: "epoch" })}</figure></div>`;
};

/** Which classes are taken for which. */
const confusionSection = ({ task, outcomes }: FinetuneRecord["result"]): Html => {
  if (task.kind !== "classes") return html``;
  const numbers = new Map(task.labels.map((label, i) => [label, i]));
  const matrix = confusionMatrix(
    outcomes.map(({ example }) => numbers.get(String(example.label))!),
    outcomes.map(({ prediction }) => numbers.get(prediction.label!)!),
    task.labels.length,
  );
  return html`<h2>Confusion matrix</h2>${table({
    head: ["rows: labels; columns: predictions", ...task.labels],
    rows: matrix.map((row, i) => ({
      cells: [task.labels[i], ...row.map((count, k) => (i === k ? html`<b>${count}</b>` : count))],
    })),
  })}`;
};

const bins = 10;

/** Whether the model knows how sure it may be. */
const calibrationSection = ({ task, outcomes }: FinetuneRecord["result"]): Html => {
  if (task.kind !== "classes") return html``;
  const confidences = outcomes.map(({ prediction }) => Math.min(1, prediction.probabilities![prediction.label!]!));
  const right = outcomes.map(({ example, prediction }) => prediction.label === String(example.label));
  const { bins: filled, error } = calibration(confidences, right, { bins });
  const points = filled.flatMap(({ count, confidence, accuracy }): [number, number][] =>
    count === 0 ? [] : [[confidence, accuracy]],
  );
  const lines: PlotLine[] = [
    {
      name: "perfectly calibrated",
      points: [
        [0, 0],
        [1, 1],
      ],
    },
    { name: "this model", points, dots: true },
  ];
  return html`<h2>Calibration</h2><div class="plots"><figure>${linePlot(lines, { axis: "confidence", bounds: [0, 1] })}</figure></div>
<p class="note">Accuracy by confidence, in ${bins} bins of equal width. The expected calibration error is ${percent(error)}.</p>`;
};

const shownMistakes = 25;

const mistakesSection = (outcomes: readonly Outcome[]): Html => {
  const worst = [...outcomes].sort((a, b) => b.loss - a.loss).slice(0, shownMistakes);
  const said = ({ prediction }: Outcome) => {
    const { label, labels, score, spans, probabilities } = prediction;
    if (label !== undefined) return `${label} (${percent(probabilities![label]!)})`;
    return (
      labels?.join(", ") ?? score?.toPrecision(4) ?? spans?.map((span) => `${span.text} [${span.label}]`).join(", ")
    );
  };
  const wanted = ({ example: { label, text } }: Outcome) => {
    if (!Array.isArray(label)) return String(label);
    return (label as readonly (string | Span)[])
      .map((each) => (typeof each === "string" ? each : `${text.slice(each.start, each.end)} [${each.label}]`))
      .join(", ");
  };
  const verdict = (outcome: Outcome) => {
    const { rank, nearest } = outcome.prediction;
    if (rank === undefined) return `${wanted(outcome) || "none"}; predicted: ${said(outcome) || "none"}`;
    return rank === 1 ? "ranked first" : `ranked ${rank}; first is "${nearest}"`;
  };
  return html`<h2>Largest losses</h2>${worst.map(
    (
      outcome,
    ) => html`<div class="mistake">${outcome.example.text}${outcome.example.pair === undefined ? "" : html` <b>|</b> ${outcome.example.pair}`}
<br><span class="muted">${outcome.example.place}: ${verdict(outcome)}; loss ${outcome.loss.toFixed(3)}</span></div>`,
  )}`;
};
