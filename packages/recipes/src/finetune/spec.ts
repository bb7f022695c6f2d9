import type { Settings, TaskKind } from "@cramkit/finetune";
import type { ReadExamplesOptions } from "@cramkit/finetune/node";
import type { CheckpointChoice } from "../open/find-model.ts";

/** What to finetune on what. */
export interface FinetuneSpec {
  /** A run, one of its checkpoints, a model folder, or that of a Hugging Face BERT. */
  readonly model: string;
  /**
   * The checkpoint of the run to take.
   * @defaultValue the model that it left
   */
  readonly checkpoint?: CheckpointChoice;
  /** A file, a folder, or `hf://datasets/OWNER/NAME/PATH`. */
  readonly train: string;
  /** @defaultValue a share of the training examples */
  readonly dev?: string;
  /** Of the training examples, without a dev set. @defaultValue `0.1` */
  readonly devShare?: number;
  readonly kind: TaskKind;
  readonly columns: Omit<ReadExamplesOptions, "kind">;
  readonly settings: Partial<Settings>;
  /** Where the model, its record and its checkpoints go. */
  readonly folder: string;
}
