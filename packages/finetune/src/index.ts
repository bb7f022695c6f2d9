export type { Found } from "./best.ts";
export { type Embedding, type EmbeddingModel, type EmbedOptions, embed, poolingOf } from "./embed.ts";
export type { InputBatch } from "./encode/batches.ts";
export type { Example, Label, Span } from "./examples/example.ts";
export { splitExamples } from "./examples/split.ts";
export { type Task, type TaskKind, taskKinds } from "./examples/task.ts";
export { finetune } from "./finetune.ts";
export type {
  EncoderModel,
  Epoch,
  FinetuneCheckpoints,
  Finetuned,
  FinetuneOptions,
  FinetuneProgress,
  FinetuneState,
} from "./finetune-options.ts";
export { innerProduct } from "./inner-product.ts";
export { initialised, withHead } from "./learn/head.ts";
export { inputTensors } from "./learn/inputs.ts";
export { createLearner, type Learner, type LearnerState } from "./learn/learner.ts";
export type { Settings } from "./learn/settings.ts";
export { type PredictOptions, predict, type TaskModel } from "./predict.ts";
export type { Outcome } from "./score/outcome.ts";
export type { PredictedSpan, Prediction } from "./score/predictions.ts";
export { type Evaluation, mainScore } from "./score/score.ts";
export { type SearchOptions, search, searchRows } from "./search.ts";
export { disposeTensors, entriesOf, type NamedTensors, tensorsOf } from "./tensors/named-tensors.ts";
