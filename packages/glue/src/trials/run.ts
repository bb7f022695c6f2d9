import { checkOptions, fault } from "@cramkit/errors";
import { checkSeed } from "@cramkit/random";
import type { TaskData } from "../tasks/task.ts";
import { stepsOf } from "./batches.ts";
import { digestOf } from "./digest.ts";
import { majorityBaseline } from "./majority.ts";
import { changedProtocol, checkProtocol, type Protocol, protocols } from "./protocol.ts";
import type { Identity, ResultsStore, TrialResult } from "./results.ts";
import type { Trainee } from "./trainee.ts";
import { type EncodedTask, encodeTask, runTrial, type TrialProgress } from "./trial.ts";

export interface RunOptions {
  trainee: Trainee;
  /** Read one after the other, so that a generator keeps one task in memory. */
  tasks: Iterable<TaskData> | AsyncIterable<TaskData>;
  /** @defaultValue `protocols.GLUE_sane` */
  protocol?: Protocol;
  /**
   * Of the first trial; trial `k` (from 0) has the seed `seed + k`. An integer of 0 to 2^53 - 1.
   * @defaultValue 0
   */
  seed?: number;
  /**
   * Keeps every trial that is done; what is kept is not run again. In Node, `resultsFolder` of `@cramkit/glue/node`.
   * @defaultValue nothing is kept
   */
  results?: ResultsStore;
  /**
   * Also predict the test sets, for a submission.
   * @defaultValue `false`
   */
  tests?: boolean;
  /**
   * Run a protocol beyond the five epochs of the challenge; tables then say so.
   * @defaultValue `false`
   */
  allowMoreEpochs?: boolean;
  /** @defaultValue `128` */
  evaluationBatchSize?: number;
  /** @defaultValue says nothing */
  onProgress?: (progress: RunProgress) => void;
  /**
   * Ends the run with the signal's reason between two batches.
   * @defaultValue runs to its end
   */
  signal?: AbortSignal;
}

export type RunProgress = { readonly task: string; readonly trial: number; readonly trials: number } & (
  | TrialProgress
  | { readonly phase: "finished" | "resumed"; readonly result: TrialResult }
);

/** Runs every trial of every task and returns their results, in that order. */
export const runTasks = async (options: RunOptions): Promise<TrialResult[]> => {
  checkOptions("runTasks", options, {
    trainee: true,
    tasks: true,
    protocol: true,
    seed: true,
    results: true,
    tests: true,
    allowMoreEpochs: true,
    evaluationBatchSize: true,
    onProgress: true,
    signal: true,
  });
  const { trainee, seed = 0, results: store, tests = false, signal } = options;
  const protocol = fitted(options.protocol ?? protocols.GLUE_sane, trainee);
  checkProtocol(protocol, options);
  checkSeed("runTasks", seed);
  const results: TrialResult[] = [];
  let isOpen = false;
  for await (const data of options.tasks) {
    const { task } = data;
    checkSets(data, protocol, tests);
    const digest = await digestOf(data);
    let encoded: EncodedTask | undefined;
    for (let trial = 0; trial < protocol.trials; trial++) {
      signal?.throwIfAborted();
      const at = { task: task.title, trial, trials: protocol.trials };
      const report = (progress: TrialProgress) => options.onProgress?.({ ...at, ...progress });
      const identity: Identity = {
        trainee: trainee.id,
        protocol: { ...protocol, trials: 0 },
        data: digest,
        seed: seed + trial,
      };
      let result = await store?.load(task.name, trial, identity);
      if (result && (!tests || hasTests(result, data))) {
        options.onProgress?.({ ...at, phase: "resumed", result });
      } else {
        if (!isOpen) await store?.open(); // not after a trial
        isOpen = true;
        encoded ??= await encodeTask(data, trainee, { protocol, tests, report, signal });
        const outcome = await runTrial(trainee, {
          task,
          encoded,
          protocol,
          seed: identity.seed,
          evaluationBatchSize: options.evaluationBatchSize ?? 128,
          report,
          signal,
        });
        const { train, officialTrainRows, notes } = data;
        result = {
          format: 2,
          task,
          trial,
          identity,
          train: { rows: train.length, officialRows: officialTrainRows },
          majority: majorityBaseline(data),
          notes,
          ...outcome,
        };
        await store?.save(result);
        options.onProgress?.({ ...at, phase: "finished", result });
      }
      results.push(result);
    }
  }
  return results;
};

const hasTests = (result: TrialResult, { tests = [] }: TaskData): boolean => {
  return tests.every(({ column, examples }) =>
    result.tests?.some((predictions) => predictions.column === column && predictions.values.length === examples.length),
  );
};

/** The protocol within what the model can take. */
const fitted = (protocol: Protocol, { maxLength = protocol.maxLength }: Trainee): Protocol => {
  return maxLength < protocol.maxLength
    ? changedProtocol(protocol, { maxLength: Math.floor(maxLength / 8) * 8 })
    : protocol;
};

const checkSets = ({ task, train, evaluations, tests }: TaskData, protocol: Protocol, wantTests: boolean): void => {
  if (stepsOf(protocol, train.length) === 0)
    throw fault({
      code: "invalid-input",
      place: task.title,
      problem: `expected at least one batch of ${protocol.batchSize} training examples, got ${train.length}`,
      remedy: "add examples or lower the protocol's batchSize",
      type: RangeError,
    });
  for (const [kind, sets] of [
    ["evaluation", evaluations],
    ["test", wantTests ? (tests ?? []) : []],
  ] as const) {
    for (const set of sets) {
      if (set.examples.length === 0)
        throw fault({
          code: "invalid-input",
          place: task.title,
          problem: `expected examples in the ${kind} set ${set.name}, got none`,
          type: RangeError,
        });
      if (kind === "evaluation" && set.examples.some(({ label }) => label === undefined))
        throw fault({
          code: "invalid-input",
          place: task.title,
          problem: `expected labels in ${set.name}, got a row without one`,
          remedy: "a test set cannot be scored here: score the dev set, or write a submission",
          type: RangeError,
        });
    }
  }
  if (train.some(({ label }) => label === undefined))
    throw fault({
      code: "invalid-input",
      place: task.title,
      problem: "expected a label on every training example, got one without",
      type: RangeError,
    });
};
