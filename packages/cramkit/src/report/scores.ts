import { publishedRows, type ScoreRow, scoreTable, summarize, type TrialResult } from "@cramkit/glue";
import type { ReportedRun } from "@cramkit/recipes";
import { percent } from "./format.ts";
import { type Html, html, table } from "./html.ts";

export interface ProbeScore {
  readonly title: string;
  /** Median over the trials. */
  readonly trained: number;
  readonly untrained: number;
  readonly examples: number;
  readonly trials: number;
}

/** The probes of a run, each with its score and that of the same model without pretraining. */
export const probeScores = ({ trained, untrained }: NonNullable<ReportedRun["probes"]>): ProbeScore[] => {
  const titles = [...new Set(trained.map(({ task }) => task.title))];
  return titles.map((title) => {
    const of = (results: readonly TrialResult[]) => summarize(results).find(({ task }) => task.title === title)!;
    const accuracy = (results: readonly TrialResult[]) => of(results).metrics.accuracy!;
    return {
      title,
      trained: accuracy(trained).median,
      untrained: accuracy(untrained).median,
      examples: of(trained).rows,
      trials: accuracy(trained).trials.length,
    };
  });
};

/** The small tasks that every run is finetuned on. */
export const probeSection = (runs: readonly ReportedRun[], names: readonly string[]): Html => {
  const rows = runs.flatMap((run, index) =>
    run.probes
      ? probeScores(run.probes).map(({ title, trained, untrained, examples, trials }) => ({
          ours: true,
          cells: [`${names[index]}, ${title}`, percent(trained), percent(untrained), "50.0 %", examples, trials],
        }))
      : [],
  );
  if (rows.length === 0) return html``;
  return html`<h2>Probes</h2>${table({
    head: ["", "accuracy", "without pretraining", "chance", "examples", "trials"],
    rows,
    caption:
      "Small tasks made from held-out text: tell a real sentence from the same words shuffled locally, and the next sentence from one of another document. They check the pipeline; they do not replace GLUE.",
  })}`;
};

/** GLUE as `cramkit glue` left it in the runs' folders, above what was published. `scores` has an entry for every run. */
export const glueSection = (scores: readonly (readonly ScoreRow[] | undefined)[], names: readonly string[]): Html => {
  const published = new Set(publishedRows.map(({ name }) => name));
  const ours = scores.flatMap((rows, index) =>
    (rows ?? [])
      .filter(({ name }) => !published.has(name))
      .map((row) =>
        scores.length > 1 && row.name === "majority class" ? { ...row, name: `${row.name}, ${names[index]}` } : row,
      ),
  );
  if (ours.length === 0) return html``;
  const { columns, rows, notes } = scoreTable([...ours, ...publishedRows]);
  return html`<h2>GLUE</h2>${table({
    head: columns.slice(0, -1),
    rows: rows.map((cells, index) => ({
      ours: index < ours.length,
      cells: [html`${cells[0]}<small>${cells.at(-1)}</small>`, ...cells.slice(1, -1)],
    })),
    caption: notes.map((note) => html`${note}<br>`),
  })}`;
};
