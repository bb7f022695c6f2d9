import type { InputBatch } from "../encode/batches.ts";
import type { Outcome } from "../score/outcome.ts";
import type { Evaluation } from "../score/score.ts";
import type { NamedTensors } from "../tensors/named-tensors.ts";
import type { BatchLoss } from "./learner.ts";

/** Called between two batches of an evaluation with their rows. */
export type AfterBatch = (rows: number) => Promise<void>;

/** What is learned from a set of examples, and how it is scored. */
export interface Objective {
  readonly trainRows: number;
  /** Rows that an evaluation counts. */
  readonly devRows: number;
  /** The training rows of a step as one batch, with its loss. */
  batchOf(rows: Uint32Array): { batch: InputBatch; loss: BatchLoss };
  /** Scores the dev set while weights are trained. Borrows them. */
  evaluate(params: NamedTensors, afterBatch: AfterBatch): Promise<Evaluation>;
  /** The same of the weights in the end, with each example. */
  outcomes(
    params: NamedTensors,
    afterBatch: AfterBatch,
  ): Promise<{ evaluation: Evaluation; outcomes: readonly Outcome[] }>;
}
