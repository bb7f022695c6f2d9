import { isRegression, type TaskData } from "../tasks/task.ts";
import { type Evaluation, score } from "./trial.ts";

/**
 * What knowing nothing scores: the most frequent class of the training set for every example (the first of equals), or
 * the mean score of a regression.
 */
export const majorityBaseline = ({ task, train, evaluations }: TaskData): Evaluation[] => {
  const guess = isRegression(task) ? mean(train) : mostFrequent(train, task.labels.length);
  return evaluations.map(({ name, column, examples, officialRows }) => {
    const targets = examples.map(({ label }) => label!);
    const scores = score(task, new Float64Array(targets.length).fill(guess), targets);
    return { name, column, rows: targets.length, officialRows, scores, nonFinite: 0 };
  });
};

const mean = (examples: TaskData["train"]): number => {
  return examples.reduce((sum, { label }) => sum + label!, 0) / examples.length;
};

const mostFrequent = (examples: TaskData["train"], labels: number): number => {
  const counts = new Array<number>(labels).fill(0);
  for (const { label } of examples) counts[label!]!++;
  return counts.indexOf(Math.max(...counts));
};
