import type { TrialResult } from "@cramkit/glue";
import type { RunRecord } from "@cramkit/recipes";
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
export const probeScores = ({ trained, untrained }: NonNullable<RunRecord["probes"]>): ProbeScore[] => {
  const titles = [...new Set(trained.map(({ task }) => task.title))];
  return titles.map((title) => {
    const of = (results: readonly TrialResult[]) => results.filter(({ task }) => task.title === title);
    const first = of(trained)[0]!.evaluations[0]!;
    return {
      title,
      trained: medianAccuracy(of(trained)),
      untrained: medianAccuracy(of(untrained)),
      examples: first.rows,
      trials: of(trained).length,
    };
  });
};

const medianAccuracy = (results: readonly TrialResult[]): number => {
  const scores = results.map(({ evaluations }) => evaluations[0]!.scores.accuracy!).sort((a, b) => a - b);
  const middle = scores.length >> 1;
  return scores.length % 2 === 1 ? scores[middle]! : (scores[middle - 1]! + scores[middle]!) / 2;
};

/** The sections on finetuning. */
export const scoreSections = (runs: readonly RunRecord[], names: readonly string[]): Html => {
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
    head: ["", "right", "without pretraining", "chance", "examples", "trials"],
    rows,
    caption:
      "Finetuned on small tasks made from held-out text: a real sentence against the same words shuffled locally; the next sentence against one from another document. These are probes of the pipeline, not GLUE.",
  })}`;
};
