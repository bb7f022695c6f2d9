import type { Task } from "../tasks/task.ts";
import type { Batch, TrainingBatch } from "./batches.ts";
import type { Encode } from "./encoded.ts";
import type { Protocol } from "./protocol.ts";

/** A model that can be finetuned: all that this package knows of one. */
export interface Trainee {
  /** What tells this model from every other, e.g. the digest of its checkpoint: results are kept under it. */
  readonly id: string;
  readonly encode: Encode;
  /** The token that fills up a row. */
  readonly padId: number;
  /**
   * Tokens of the longest row that the model takes; a protocol that allows more is cut to it.
   * @defaultValue no limit
   */
  readonly maxLength?: number;
  /** A fresh copy of the model with a new head, made from the seed. */
  startTrial(setting: TrialSetting): Promise<Trial>;
}

export interface TrialSetting {
  readonly task: Task;
  /** Width of the head's last layer; with `regression` it is 1 and the loss is the squared error on the raw label. */
  readonly outputs: number;
  readonly regression: boolean;
  /** For the head's weights and dropout. */
  readonly seed: number;
  readonly protocol: Protocol;
}

export interface Trial {
  /**
   * Trains on every batch, in order, at its own learning rate. A batch is free after the next one was asked for. May call
   * `report` with the loss of a step, as rarely as it likes.
   */
  fit(batches: AsyncIterable<TrainingBatch>, report: (loss: number) => void): Promise<void>;
  /** Logits, or the score of a regression, without dropout: `[size * outputs]`. */
  predict(batch: Batch): Promise<ArrayLike<number>>;
  dispose(): void;
}
