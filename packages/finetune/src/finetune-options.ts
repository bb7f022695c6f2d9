import type { TensorEntry } from "@cramkit/checkpoint";
import type { ModelConfig } from "@cramkit/model";
import type { OptimizerKernels } from "@cramkit/optim";
import type { Tokenizer } from "@cramkit/tokenizer";
import type { Example } from "./examples/example.ts";
import type { TaskKind } from "./examples/task.ts";
import type { LearnerState } from "./learn/learner.ts";
import type { Settings } from "./learn/settings.ts";
import type { TaskModel } from "./predict.ts";
import type { Outcome } from "./score/outcome.ts";
import type { Evaluation } from "./score/score.ts";
import type { NamedTensors } from "./tensors/named-tensors.ts";

/** A pretrained encoder. */
export interface EncoderModel {
  readonly params: NamedTensors;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /**
   * `pooler.dense` of a BERT, or `prediction_head` of a ModernBERT if it is not among the weights: what of a head was
   * pretrained with the encoder. Borrowed.
   * @defaultValue the head is new
   */
  readonly pooler?: NamedTensors;
}

/** An epoch of the training. */
export interface Epoch {
  /** From 1. */
  readonly epoch: number;
  readonly trainLoss: number;
  readonly dev: Evaluation;
}

export interface FinetuneProgress {
  readonly phase: "encode" | "train" | "evaluate";
  /** Steps of `train`, rows of the others. */
  readonly done: number;
  readonly total: number;
  /** @defaultValue absent outside of training */
  readonly loss?: number;
  /** @defaultValue absent outside of training */
  readonly learningRate?: number;
  /** From 1. */
  readonly epoch: number;
  /**
   * The best score so far.
   * @defaultValue absent before the first epoch has ended
   */
  readonly best?: number;
}

/** Everything that a finetuning goes on from. */
export interface FinetuneState {
  readonly learner: LearnerState;
  readonly history: readonly Epoch[];
  /** Weights of the best epoch; none before the first has ended. */
  readonly best: readonly TensorEntry[];
  /** Sum of the losses of the epoch that is under way. */
  readonly lossSum: number;
}

/** Where a finetuning keeps what it goes on from. */
export interface FinetuneCheckpoints {
  load(): Promise<FinetuneState | undefined>;
  save(state: FinetuneState): Promise<void>;
}

export interface FinetuneOptions extends Partial<Settings> {
  /** Borrowed. */
  readonly model: EncoderModel;
  readonly kind: TaskKind;
  readonly train: readonly Example[];
  /**
   * What the epochs are scored on.
   * @defaultValue a share of the training examples, which are then not trained on
   */
  readonly dev?: readonly Example[];
  /**
   * Of the training examples, if there is no dev set.
   * @defaultValue `0.1`
   */
  readonly devShare?: number;
  /**
   * In-place kernels of the backend, from `optimizerKernels()` of @cramkit/ops.
   * @defaultValue none: the same numbers, more slowly
   */
  readonly kernels?: OptimizerKernels;
  /** @defaultValue says nothing */
  readonly onProgress?: (progress: FinetuneProgress) => void;
  /**
   * Told what a user should know: rows that were cut, classes with one example.
   * @defaultValue says nothing
   */
  readonly say?: (line: string) => void;
  /**
   * A state is saved after each epoch, every ten minutes, and when the signal is aborted.
   * @defaultValue a training that is stopped is lost
   */
  readonly checkpoints?: FinetuneCheckpoints;
  /**
   * Stops between two steps, with a state saved; the promise is rejected with its reason.
   * @defaultValue runs to its end
   */
  readonly signal?: AbortSignal;
}

/** A finetuned model and how it came about. The caller disposes of the weights. */
export interface Finetuned extends TaskModel {
  readonly settings: Settings;
  readonly trainRows: number;
  readonly history: readonly Epoch[];
  /** The epoch whose weights these are, from 1. */
  readonly bestEpoch: number;
  /** Of the dev set. */
  readonly evaluation: Evaluation;
  readonly outcomes: readonly Outcome[];
}
