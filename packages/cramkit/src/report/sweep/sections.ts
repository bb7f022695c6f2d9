import { publishedRows, type ScoreRow } from "@cramkit/glue";
import { incomparable, type SweepResult } from "@cramkit/recipes";
import { duration } from "../../terminal/progress.ts";
import { big, flop } from "../format.ts";
import { type Html, html, table } from "../html.ts";
import { glueSection } from "../scores.ts";
import type { SweepData } from "./read-sweep.ts";
import {
  byVariant,
  type Interval,
  intervalOfMean,
  intervalOfNext,
  pairedDifference,
  referenceOf,
  type Score,
  type Spread,
  scoresIn,
  spreadOf,
} from "./statistics.ts";

const done = (results: readonly SweepResult[]) => results.filter(({ status }) => status === "done");

const digits = ({ unit }: Score): number => (unit === "nats" ? 3 : 1);
const minus = (text: string): string => text.replaceAll("-", "\u2212");

/** "2.345 ± 0.012 (2.293 to 2.397)": mean, standard deviation over seeds, and an interval; the value alone of one seed. */
const shownSpread = (
  spread: Spread | undefined,
  interval: (spread: Spread) => Interval | undefined,
  show: (value: number) => string,
): string => {
  if (!spread) return "\u2013";
  const { mean, deviation } = spread;
  const range = interval(spread);
  if (deviation === undefined || !range) return show(mean);
  // A deviation has no sign. A narrow column breaks the line before the interval, not in it.
  return `${show(mean)} \u00b1 ${show(deviation).replace("+", "")} (${show(range.low)}\u00a0to\u00a0${show(range.high)})`;
};

const shown = (score: Score) => (value: number) => minus(value.toFixed(digits(score)));
const signed = (score: Score) => (value: number) => `${value > 0 ? "+" : ""}${shown(score)(value)}`;

/** What was run, what failed and why, and what is still to do. */
export const stateSection = ({ results, missing, leftOut }: SweepData): Html => {
  const failed = results.filter(({ status }) => status === "failed");
  const rows = failed.map(({ variant, seed, error }) => ({ cells: [variant, seed, error?.message] }));
  return html`<p>${done(results).length} runs done${failed.length > 0 ? `, ${failed.length} failed` : ""}${missing.length > 0 ? `, ${missing.length} not run yet` : ""}.</p>${
    leftOut.length > 0
      ? html`<p>Left out, because this sweep does not (or no longer) include their settings: ${leftOut.join(", ")}.</p>`
      : ""
  }${rows.length > 0 ? html`<h2>Failed</h2>${table({ head: ["", "seed", "reason"], rows })}` : ""}`;
};

/**
 * Says which runs cannot be compared by their losses, and for which settings: what they guess is not the same. Undefined if
 * all can.
 */
const comparisonNote = ({ runs }: SweepData): string | undefined => {
  const [first] = runs;
  if (!first) return undefined;
  const other = runs.filter(({ result }) => result.comparison !== first.result.comparison);
  if (other.length === 0) return undefined;
  const paths = [
    ...new Set(other.flatMap(({ run }) => incomparable(first.run.recipe, run.recipe).map(({ path }) => path))),
  ];
  return `These runs differ in ${paths.join(", ")}, so their held-out losses are measured on different tokens and cannot be compared with each other. Scores of finetuned models can.`;
};

/** Every score of every variant, with its spread over the seeds. */
export const scoreSection = (data: SweepData): Html => {
  const results = done(data.results);
  if (results.length === 0) return html``;
  const scores = scoresIn(results).filter(({ id }) => !id.startsWith("glue-") || id === "glue-average");
  const groups = [...byVariant(results)];
  const note = comparisonNote(data);
  const keys = [...new Set(results.map(({ comparison }) => comparison))];
  const rows = groups.map(([name, group]) => {
    const mean = (of: (result: SweepResult) => number | undefined, show: (value: number) => string) => {
      const spread = spreadOf(group.flatMap((result) => of(result) ?? []));
      return spread ? show(spread.mean) : "\u2013";
    };
    return {
      cells: [
        name,
        group.length,
        ...scores.map((score) =>
          shownSpread(spreadOf(group.flatMap((result) => score.of(result) ?? [])), intervalOfNext, shown(score)),
        ),
        mean(({ tokens }) => tokens, big),
        mean(({ flops }) => flops, flop),
        mean(({ seconds }) => seconds, duration),
        ...(note ? [keys.indexOf(group[0]!.comparison) + 1] : []),
      ],
    };
  });
  const seeds = Math.max(...groups.map(([, group]) => group.length));
  return html`<h2>Scores</h2>${table({
    head: [
      "",
      "seeds",
      ...scores.map(({ name, unit }) => `${name} (${unit})`),
      "tokens",
      "compute",
      "training",
      ...(note ? ["comparable group"] : []),
    ],
    rows,
    caption: html`${note ? html`<strong>${note}</strong> ` : ""}${seeds > 1 ? "Mean and standard deviation over the seeds, which share their data. In brackets: where a further seed is expected, 19 times in 20." : "One seed: differences may be due to chance."}`,
  })}`;
};

/** What each change costs or gives: the difference to the full recipe, seed by seed. */
export const differenceSection = (data: SweepData): Html => {
  const results = done(data.results);
  const reference = referenceOf(results);
  const groups = byVariant(results);
  if (reference === undefined || groups.size < 2) return html``;
  const scores = scoresIn(results).filter(({ id }) => !["masked-accuracy", "below-unigram"].includes(id));
  const base = groups.get(reference)!;
  const rows = [...groups]
    .filter(([name]) => name !== reference)
    .map(([name, group]) => ({
      cells: [
        name,
        ...scores.map((score) => shownSpread(pairedDifference(score, group, base), intervalOfMean, signed(score))),
      ],
    }));
  return html`<h2>Difference from \u201c${reference}\u201d</h2>${table({
    head: ["", ...scores.map(({ name, unit }) => `${name} (${unit})`)],
    rows,
    caption:
      "Mean difference over the seeds that both variants have, and its standard deviation. In brackets: the 95 % interval of the mean (Student\u2019s t). One that includes 0 shows no difference; and of twenty changes without an effect, one is expected to leave 0 out by chance. Losses measured on different tokens are not compared.",
  })}`;
};

/** GLUE of each variant, as the mean over its seeds, above the published rows. */
export const sweepGlueSection = ({ results }: SweepData): Html => {
  const rows = [...byVariant(done(results))].flatMap(([name, group]): ScoreRow[] => {
    const models = group.flatMap(({ glue }) => glue?.[0] ?? []);
    return models.length === 0 ? [] : [meanRow(name, models)];
  });
  return rows.length === 0 ? html`` : glueSection([[...rows, ...publishedRows]], [""]);
};

const meanRow = (name: string, rows: readonly ScoreRow[]): ScoreRow => {
  const columns = [...new Set(rows.flatMap(({ scores }) => Object.keys(scores)))];
  const scores = columns.map((column): [string, ScoreRow["scores"][string]] => {
    const found = rows.flatMap(({ scores }) => scores[column] ?? []);
    const { mean, low, high } = spreadOf(found.map(({ value }) => value))!;
    return [
      column,
      { value: mean, min: low, max: high, ...(found.some(({ partial }) => partial) && { partial: true }) },
    ];
  });
  const averages = rows.flatMap(({ average }) => average ?? []);
  const average = averages.length === rows.length ? spreadOf(averages)?.mean : undefined;
  return {
    name,
    source: `${rows[0]!.source}${rows.length > 1 ? `, mean of ${rows.length} seeds of pretraining` : ""}`,
    scores: Object.fromEntries(scores),
    ...(average !== undefined && { average }),
    notes: [...new Set(rows.flatMap(({ notes }) => notes))],
  };
};
