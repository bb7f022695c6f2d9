import { epochLimit } from "../trials/protocol.ts";
import type { TrialResult } from "../trials/results.ts";
import { officialAverage, type ScoresOf, studyAverage } from "./averages.ts";
import { partialData, type SetSummary, summarize } from "./summary.ts";

/** A row of a score table. All scores are times 100. */
export interface ScoreRow {
  readonly name: string;
  /** Where the numbers are from. */
  readonly source: string;
  /** By column; in those of the study the metric that it counts. */
  readonly scores: Readonly<Record<string, Score>>;
  /** @defaultValue absent unless every task of the study has a score */
  readonly average?: number;
  /** @defaultValue absent unless every task has a score */
  readonly officialAverage?: number;
  /** What must be known of the numbers. */
  readonly notes: readonly string[];
}

export interface Score {
  readonly value: number;
  /** @defaultValue absent in published scores */
  readonly min?: number;
  /** @defaultValue absent in published scores */
  readonly max?: number;
  /**
   * Not from the complete set.
   * @defaultValue `false`
   */
  readonly partial?: boolean;
}

/** A model's scores: the median of its trials, by task. */
export const scoreRow = (name: string, results: readonly TrialResult[]): ScoreRow => {
  const sets = summarize(results).filter(({ task }) => !task.probe);
  const scores = sets.map((set): [string, Score] => {
    const { median, min, max } = set.metrics[set.task.metrics[0]]!;
    const partial = partialData(set) !== undefined;
    return [set.column, { value: 100 * median, min: 100 * min, max: 100 * max, ...(partial ? { partial } : {}) }];
  });
  const of: ScoresOf = (column, metric) => percent(sets.find((set) => set.column === column)?.metrics[metric]?.median);
  return {
    name,
    source: sets.length > 0 ? `measured, ${protocolsOf(sets)}, ${trialsOf(sets)}` : "measured",
    scores: Object.fromEntries(scores),
    average: studyAverage(of),
    officialAverage: officialAverage(of),
    notes: notesOf(name, sets),
  };
};

/** What the majority class of the training set scores on the same sets. */
export const majorityRow = (results: readonly TrialResult[]): ScoreRow => {
  const sets = summarize(results).filter(({ task }) => !task.probe);
  const scores = sets.map((set): [string, Score] => {
    const partial = partialData(set) !== undefined;
    return [set.column, { value: 100 * set.majority[set.task.metrics[0]]!, ...(partial ? { partial } : {}) }];
  });
  const of: ScoresOf = (column, metric) => percent(sets.find((set) => set.column === column)?.majority[metric]);
  return {
    name: "majority class",
    source: "measured",
    scores: Object.fromEntries(scores),
    average: studyAverage(of),
    officialAverage: officialAverage(of),
    notes: [],
  };
};

const percent = (value: number | undefined): number | undefined => {
  return value === undefined ? undefined : 100 * value;
};

const protocolsOf = (sets: readonly SetSummary[]): string => {
  return [...new Set(sets.map(({ protocol }) => protocol))].join(" and ");
};

const trialsOf = (sets: readonly SetSummary[]): string => {
  const counts = sets.map(({ task, metrics }) => metrics[task.metrics[0]]!.trials.length);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  if (most === 1) return "1 trial";
  return `median of ${least === most ? most : `${least} to ${most}`} trials`;
};

const notesOf = (name: string, sets: readonly SetSummary[]): string[] => {
  const notes = sets.flatMap((set) => partialData(set) ?? []).map((part) => `Partial: ${part} rows.`);
  for (const { column, diverged, notes: own } of sets) {
    if (diverged > 0)
      notes.push(`${name}, ${column}: ${diverged} trials ended in values that are not finite and score 0.`);
    notes.push(...own);
  }
  const epochs = Math.max(0, ...sets.map(({ epochs }) => epochs));
  if (epochs > epochLimit)
    notes.push(`${name}: ${epochs} epochs, more than the ${epochLimit} that the challenge allows.`);
  return notes;
};
