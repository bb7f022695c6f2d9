export type { AddedToken } from "./added-tokens.ts";
export type { Encoding, PaddingOptions, TruncationOptions } from "./encoding.ts";
export type { PipelineOptions } from "./pipeline.ts";
export { bertTokenizer, type CrammingOptions, crammingTokenizerOptions } from "./presets.ts";
export type { EncodeInput, EncodeOptions, Tokenizer } from "./tokenizer.ts";
export { type Component, type TokenizerJson, tokenizerFromJson } from "./tokenizer-json.ts";
export { trainTokenizer } from "./train-tokenizer.ts";
export type { CountWords, TrainOptions, TrainProgress } from "./training/options.ts";
export { VocabSizeError } from "./training/vocab-size-error.ts";
