import { fault } from "@cramkit/errors";
import { createMetric, type MetricName } from "@cramkit/metrics";
import { type ExampleSet, isRegression, outputs, type Task, type TaskData } from "../tasks/task.ts";
import { evaluationBatches, stepsOf, type TrainingBatch, trainingBatches } from "./batches.ts";
import { type EncodedExamples, encodeExamples } from "./encoded.ts";
import type { Protocol } from "./protocol.ts";
import type { Trainee, Trial } from "./trainee.ts";

/** The scores of one trial on one set. */
export interface Evaluation {
  readonly name: string;
  readonly column: string;
  readonly rows: number;
  /** @defaultValue absent if the set is not a published one */
  readonly officialRows?: number;
  readonly scores: Readonly<Partial<Record<MetricName, number>>>;
  /** Rows whose prediction was not a finite number; with any of them all scores are 0. */
  readonly nonFinite: number;
}

/** A test set's predictions in the order of its rows: class numbers or scores. */
export interface Predictions {
  readonly column: string;
  readonly values: readonly number[];
}

export interface TrialOutcome {
  readonly steps: number;
  /**
   * The last loss that the trainee reported.
   * @defaultValue absent if the trainee reported none
   */
  readonly loss?: number;
  readonly fitExamplesPerSecond: number;
  readonly evaluateExamplesPerSecond: number;
  readonly evaluations: readonly Evaluation[];
  /** @defaultValue absent unless test sets were asked for */
  readonly tests?: readonly Predictions[];
}

export interface TrialProgress {
  readonly phase: "encode" | "train" | "evaluate";
  /** Examples in `encode` and `evaluate`, steps in `train`. */
  readonly done: number;
  readonly total: number;
  /** @defaultValue absent outside of training */
  readonly loss?: number;
  /** @defaultValue absent outside of training */
  readonly learningRate?: number;
  /**
   * Of this phase so far.
   * @defaultValue absent before the first examples
   */
  readonly examplesPerSecond?: number;
}

/** All sets of a task as tokens. */
export interface EncodedTask {
  readonly train: EncodedExamples;
  readonly sets: readonly { readonly set: ExampleSet; readonly encoded: EncodedExamples; readonly test: boolean }[];
}

type Report = (progress: TrialProgress) => void;

export const encodeTask = async (
  data: TaskData,
  trainee: Pick<Trainee, "encode">,
  {
    protocol,
    tests,
    report,
    signal,
  }: {
    protocol: Protocol;
    tests: boolean;
    report: Report;
    /** @defaultValue never stopped */
    signal?: AbortSignal;
  },
): Promise<EncodedTask> => {
  const wanted = [
    ...data.evaluations.map((set) => ({ set, test: false })),
    ...(tests ? (data.tests ?? []) : []).map((set) => ({ set, test: true })),
  ];
  const total = wanted.reduce((sum, { set }) => sum + set.examples.length, data.train.length);
  let before = 0;
  const encoded = async (examples: TaskData["train"]) => {
    const result = await encodeExamples(data.task, examples, {
      encode: trainee.encode,
      maxLength: protocol.maxLength,
      secondText: protocol.secondText,
      onProgress: (done) => report({ phase: "encode", done: before + done, total }),
      signal,
    });
    report({ phase: "encode", done: (before += examples.length), total });
    return result;
  };
  const train = await encoded(data.train);
  const sets = [];
  for (const { set, test } of wanted) sets.push({ set, test, encoded: await encoded(set.examples) });
  return { train, sets };
};

export interface RunTrialOptions {
  task: Task;
  encoded: EncodedTask;
  protocol: Protocol;
  seed: number;
  evaluationBatchSize: number;
  report: Report;
  /** @defaultValue runs to its end */
  signal?: AbortSignal;
}

/** Finetunes a fresh copy of the model and scores it after the last epoch. */
export const runTrial = async (trainee: Trainee, options: RunTrialOptions): Promise<TrialOutcome> => {
  const { task, encoded, protocol, seed, report, signal } = options;
  const setting = { task, outputs: outputs(task), regression: isRegression(task), seed, protocol };
  const trial = await trainee.startTrial(setting);
  try {
    const steps = stepsOf(protocol, encoded.train.labels.length);
    const fitStarted = performance.now();
    let loss: number | undefined;
    async function* batches(): AsyncGenerator<TrainingBatch> {
      for (const batch of trainingBatches(encoded.train, { protocol, seed, padId: trainee.padId })) {
        signal?.throwIfAborted();
        yield batch;
        const done = batch.step + 1;
        const examplesPerSecond = rate(done * batch.size, performance.now() - fitStarted);
        report({ phase: "train", done, total: steps, loss, learningRate: batch.learningRate, examplesPerSecond });
      }
    }
    await trial.fit(batches(), (value) => {
      loss = value;
    });
    signal?.throwIfAborted();
    const evaluateStarted = performance.now();
    const total = encoded.sets.reduce((sum, { encoded }) => sum + encoded.labels.length, 0);
    const evaluations: Evaluation[] = [];
    const tests: Predictions[] = [];
    let done = 0;
    for (const { set, encoded: data, test } of encoded.sets) {
      const values = await predictAll(trial, data, { ...options, padId: trainee.padId }, (rows) => {
        done += rows;
        const examplesPerSecond = rate(done, performance.now() - evaluateStarted);
        report({ phase: "evaluate", done, total, examplesPerSecond });
      });
      if (test) tests.push({ column: set.column, values: [...values] });
      else evaluations.push(scored(task, set, values, data.labels));
    }
    const ended = performance.now();
    return {
      steps,
      loss,
      fitExamplesPerSecond: rate(steps * protocol.batchSize, evaluateStarted - fitStarted),
      evaluateExamplesPerSecond: rate(total, ended - evaluateStarted),
      evaluations,
      ...(tests.length > 0 ? { tests } : {}),
    };
  } finally {
    trial.dispose();
  }
};

/** The predicted class or score of each example; NaN if the model's output is not finite. */
const predictAll = async (
  trial: Trial,
  data: EncodedExamples,
  { task, evaluationBatchSize, padId, signal }: RunTrialOptions & { padId: number },
  onRows: (rows: number) => void,
): Promise<Float64Array> => {
  const values = new Float64Array(data.labels.length);
  const width = outputs(task);
  for (const batch of evaluationBatches(data, { batchSize: evaluationBatchSize, padId })) {
    signal?.throwIfAborted();
    const logits = await trial.predict(batch);
    if (logits.length !== batch.size * width)
      throw fault({
        code: "invalid-argument",
        place: "predict",
        problem: `expected ${batch.size * width} values [${batch.size}, ${width}], got ${logits.length}`,
        type: RangeError,
      });
    for (const [i, row] of batch.rows.entries())
      values[row] = isRegression(task) ? logits[i]! : argmax(logits, i * width, width);
    onRows(batch.rows.length);
  }
  return values;
};

/** The first of the largest; NaN if one of them is not finite. */
const argmax = (values: ArrayLike<number>, start: number, length: number): number => {
  let best = 0;
  for (let k = 0; k < length; k++) {
    if (!Number.isFinite(values[start + k])) return Number.NaN;
    if (values[start + k]! > values[start + best]!) best = k;
  }
  return best;
};

const scored = (task: Task, set: ExampleSet, values: ArrayLike<number>, labels: Float64Array): Evaluation => {
  const { name, column, officialRows } = set;
  const nonFinite = Array.from(values).filter((value) => !Number.isFinite(value)).length;
  const scores =
    nonFinite > 0 ? Object.fromEntries(task.metrics.map((metric) => [metric, 0])) : score(task, values, labels);
  return { name, column, rows: labels.length, officialRows, scores, nonFinite };
};

/** Every metric of the task over class numbers, or over scores of a regression. */
export const score = (task: Task, predictions: ArrayLike<number>, targets: ArrayLike<number>): Evaluation["scores"] => {
  if (predictions.length !== targets.length)
    throw fault({
      code: "invalid-argument",
      place: "score",
      problem: `expected ${targets.length} predictions, one for each target, got ${predictions.length}`,
      type: RangeError,
    });
  return Object.fromEntries(
    task.metrics.map((name) => {
      const metric = createMetric(name);
      for (let i = 0; i < targets.length; i++) metric.add(predictions[i]!, targets[i]!);
      return [name, metric.value()];
    }),
  );
};

const rate = (examples: number, milliseconds: number): number => {
  return milliseconds > 0 ? (examples * 1000) / milliseconds : 0;
};
