import type { Task } from "../tasks/task.ts";
import type { Protocol } from "./protocol.ts";
import type { Evaluation, TrialOutcome } from "./trial.ts";

/** What a trial's scores depend on. */
export interface Identity {
  readonly trainee: string;
  /** With `trials` at 0: their number does not touch any one of them. */
  readonly protocol: Protocol;
  /** SHA-256 of the examples. */
  readonly data: string;
  readonly seed: number;
}

/** One trial of one task, as it is kept in a file. */
export interface TrialResult extends TrialOutcome {
  /** 1 was drawn with the random numbers before `@cramkit/random`: its seed means other batches. */
  readonly format: 2;
  readonly task: Task;
  /** From 0. */
  readonly trial: number;
  readonly identity: Identity;
  readonly train: { readonly rows: number; readonly officialRows?: number };
  /** What the majority class scores on the same sets. */
  readonly majority: readonly Evaluation[];
  /**
   * Those of the task's data.
   * @defaultValue nothing to note
   */
  readonly notes?: readonly string[];
}

/** Where the results of finished trials are kept; `resultsFolder` of `@cramkit/glue/node` keeps them in files. */
export interface ResultsStore {
  /** Called once, before the first trial that is run: what cannot be written is found here. */
  open(): Promise<void>;
  /** The result of a trial that was run before, or undefined. Throws if it is one of something else. */
  load(task: string, trial: number, identity: Identity): Promise<TrialResult | undefined>;
  /** Keeps a result as a whole, or not at all. */
  save(result: TrialResult): Promise<void>;
}
