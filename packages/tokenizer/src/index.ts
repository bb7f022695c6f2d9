export type { AddedToken } from "./added-tokens.ts";
export { bertTokenizer } from "./bert-tokenizer.ts";
export { type ChunkedEncoder, chunkedEncoder, type TokenMeasure } from "./chunked-encoder.ts";
export { type ChunkDictionary, chunkDictionary, type NumberedChunks } from "./chunks/chunk-dictionary.ts";
export { type ChunkRule, chunkRule, isSameRule } from "./chunks/chunk-rule.ts";
export type { ChunkSequence } from "./chunks/chunk-sequence.ts";
export { coverageCounter, type TextCoverage } from "./coverage.ts";
export type { EncodeInput, EncodeOptions } from "./encode-options.ts";
export type { Encoding, PaddingOptions, TruncationOptions } from "./encoding.ts";
export type { Component, TokenizerJson } from "./json/schema.ts";
export type { PipelineOptions } from "./pipeline.ts";
export {
  type CrammingOptions,
  crammingTokenizerOptions,
  studyAlgorithms,
  type TextSettings,
  textSettings,
} from "./study-preset.ts";
export { textMeter } from "./text-meter.ts";
export type { Tokenizer } from "./tokenizer.ts";
export { tokenizerFromJson } from "./tokenizer-json.ts";
export { countWords, trainTokenizer } from "./train-tokenizer.ts";
export { type CountedWords, mergeCountedWords } from "./training/counted-words.ts";
export type { CountWords, TrainOptions, TrainProgress } from "./training/options.ts";
export { VocabSizeError } from "./training/vocab-size-error.ts";
