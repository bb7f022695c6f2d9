import type { MetricName } from "@cramkit/metrics";

/** Scores by column and metric, of whatever scale. */
export type ScoresOf = (column: string, metric: MetricName) => number | undefined;

/** The nine numbers of the study's average, in the order of its tables. */
export const studyColumns: readonly (readonly [column: string, metric: MetricName])[] = [
  ["MNLI-m", "accuracy"],
  ["MNLI-mm", "accuracy"],
  ["SST-2", "accuracy"],
  ["STS-B", "pearson"],
  ["RTE", "accuracy"],
  ["QNLI", "accuracy"],
  ["QQP", "f1"],
  ["MRPC", "f1"],
  ["CoLA", "matthews"],
];

/** The nine tasks of the GLUE score, each the mean of its numbers. */
const officialTasks: readonly (readonly (readonly [column: string, metric: MetricName])[])[] = [
  [["CoLA", "matthews"]],
  [["SST-2", "accuracy"]],
  [
    ["MRPC", "f1"],
    ["MRPC", "accuracy"],
  ],
  [
    ["STS-B", "pearson"],
    ["STS-B", "spearman"],
  ],
  [
    ["QQP", "f1"],
    ["QQP", "accuracy"],
  ],
  [
    ["MNLI-m", "accuracy"],
    ["MNLI-mm", "accuracy"],
  ],
  [["QNLI", "accuracy"]],
  [["RTE", "accuracy"]],
  [["WNLI", "accuracy"]],
];

/** The mean of the study's nine numbers; undefined if one is missing. */
export const studyAverage = (scores: ScoresOf): number | undefined => {
  return mean(studyColumns.map(([column, metric]) => scores(column, metric)));
};

/** The GLUE score: nine tasks with equal weight, WNLI among them. Undefined if a number is missing. */
export const officialAverage = (scores: ScoresOf): number | undefined => {
  return mean(officialTasks.map((parts) => mean(parts.map(([column, metric]) => scores(column, metric)))));
};

const mean = (values: readonly (number | undefined)[]): number | undefined => {
  let sum = 0;
  for (const value of values) {
    if (value === undefined) return undefined;
    sum += value;
  }
  return sum / values.length;
};
