import type { MetricName } from "@cramkit/metrics";

/** What is to be predicted. Plain data: a task of your own is an object of this shape. */
export interface Task {
  /** Lower case, also the folder of its results: `cola`. */
  readonly name: string;
  /** As people write it: `CoLA`. */
  readonly title: string;
  /** The classes in order of their number; empty for regression. */
  readonly labels: readonly string[];
  /** Whether an example is two texts. */
  readonly pair: boolean;
  /** As published; the first one counts in the average of the study. */
  readonly metrics: readonly [MetricName, ...MetricName[]];
  /**
   * Set on tasks that are not part of GLUE.
   * @defaultValue `false`
   */
  readonly probe?: boolean;
}

export interface Example {
  readonly text: string;
  /** @defaultValue the example is a single text */
  readonly pair?: string;
  /**
   * The number of the class, or the score of a regression; absent in a test set.
   * @defaultValue absent in a test set
   */
  readonly label?: number;
}

/** Examples that are scored, or, in a test set, only predicted. */
export interface ExampleSet {
  /** Its name within the task: `dev`, `dev_matched`. */
  readonly name: string;
  /** Its name in tables and submissions: `CoLA`, `MNLI-mm`. */
  readonly column: string;
  readonly examples: readonly Example[];
  /**
   * Rows of the complete set, if it is a published one.
   * @defaultValue absent if the set is not a published one
   */
  readonly officialRows?: number;
}

/** A task with its examples: what the runner takes. */
export interface TaskData {
  readonly task: Task;
  readonly train: readonly Example[];
  /**
   * Rows of the complete training set, if it is a published one.
   * @defaultValue absent if the set is not a published one
   */
  readonly officialTrainRows?: number;
  readonly evaluations: readonly ExampleSet[];
  /**
   * Without labels: predicted for a submission.
   * @defaultValue no test sets
   */
  readonly tests?: readonly ExampleSet[];
  /**
   * What a reader of the scores should know, e.g. rows that were left out.
   * @defaultValue nothing to note
   */
  readonly notes?: readonly string[];
}

/** Outputs of a head for the task: the one place where labels are counted. Regression has one. */
export const outputs = (task: Task): number => {
  return task.labels.length || 1;
};

export const isRegression = (task: Task): boolean => {
  return task.labels.length === 0;
};
