import { studyColumns } from "./averages.ts";
import type { ScoreRow } from "./score-row.ts";

const quoted = "the paper, as quoted by a secondary source";

/** Scores on the GLUE dev sets as published by the study and by others on its recipe, each with its source. */
export const publishedRows: readonly ScoreRow[] = /* @__PURE__ */ (() => [
  row("BERT-base, fully trained", quoted, 80.9, [83.2, 83.4, 91.9, 86.7, 59.2, 90.6, 87.7, 89.3, 56.5]),
  row("BERT-base, no pretraining", quoted, 45.5, [34.1, 34.1, 79.9, 17.8, 47.3, 50.0, 68.6, 77.9, 0.0]),
  row("RoBERTa-base", quoted, 85.1, [86.6, 86.4, 93.7, 90.4, 77.3, 92.1, 88.3, 91.4, 60.2]),
  row("crammed v1, A6000", "model card of v1", 78.6, [83.9, 84.1, 92.2, 84.6, 53.8, 89.5, 87.3, 87.5, 44.5]),
  row(
    "crammed v2, A6000",
    "model card of v2, best of 5 pretraining runs",
    80.7,
    [84.1, 84.6, 92.0, 87.4, 58.5, 90.2, 87.5, 88.9, 53.3],
  ),
  row("crammed v2, A6000, median", "the paper, as quoted in issue 45 of its repository", 80.4),
  row("crammed v2, A4000, median", "the paper, as quoted in issue 45 of its repository", 79.2),
  row("v2 recipe, A5500, independent", "issue 45 of the study's repository", 80.3),
  row(
    "v2 recipe, 2080 Ti, independent",
    "He and Hofmann, weight decay 0.1, mean of 3, as quoted by a secondary source",
    78.9,
    [81.2, 81.6, 89.9, 87.6, 56.3, 88.9, 87.1, 88.3, 49.4],
  ),
])();

function row(name: string, source: string, average: number, values: readonly number[] = []): ScoreRow {
  const scores = Object.fromEntries(values.map((value, i) => [studyColumns[i]![0], { value }]));
  return { name, source, scores, average, notes: [] };
}
