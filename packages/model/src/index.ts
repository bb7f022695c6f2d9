export type {
  FeedForwardName,
  Head,
  LocalAttention,
  MixerName,
  ModelConfig,
  NormName,
  PartFactory,
  Place,
} from "./config.ts";
export { activationBytes, countFlops, type FlopOptions, type Flops, type MemoryOptions } from "./costs.ts";
export {
  type CrammedArch,
  type CrammedSource,
  crammedBertConfig,
  isCrammedArch,
  modelConfigFromCrammed,
} from "./crammed-config.ts";
export { modelConfigFromFixture } from "./fixture-config.ts";
export {
  huggingFaceBertConfig,
  isBert,
  modelConfigFromHuggingFace,
  robertaConfig,
  transformersJsConfig,
} from "./hugging-face.ts";
export {
  type HuggingFaceConfig,
  type HuggingFaceOptions,
  labelsFromHuggingFace,
  type ReadOptions,
} from "./hugging-face-fields.ts";
export { init, type Params } from "./init.ts";
export { type MaskedLossName, maskedLossNames } from "./losses.ts";
export {
  classify,
  classifyTokens,
  dropoutKey,
  encode,
  type ForwardOptions,
  type Inputs,
  predictTokens,
  type StepSeed,
} from "./model.ts";
export { isModernBert, modernBertConfig } from "./modern-bert-config.ts";
export { valueAndNamedGrads } from "./named-gradients.ts";
export {
  checkBatch,
  classificationLoss,
  inputsOf,
  type MaskedBatch,
  type MaskedLossOptions,
  maskedLanguageModelLoss,
  tokenClassificationLoss,
} from "./objectives.ts";
export { type OnnxOptions, onnxGraph } from "./onnx.ts";
export type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxPort, OnnxTensor } from "./operations/onnx-graph.ts";
export { type OnnxPrecision, onnxPrecisions } from "./operations/onnx-weights.ts";
export type { Operations } from "./operations/operations.ts";
export { parameterCount, parameterShapes, parameterTable } from "./parameters.ts";
export type { ParameterSpec, ParameterTable, Part, Scope } from "./part.ts";
export { modelConfig, type PresetName, preset, presetNames } from "./presets.ts";
export { type ScriptOptions, scriptLoss } from "./script-objective.ts";
export { checkConfig } from "./validate.ts";
