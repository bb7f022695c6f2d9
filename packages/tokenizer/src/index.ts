export type { AddedToken } from "./added-tokens";
export type { Encoding, PaddingOptions, TruncationOptions } from "./encoding";
export type { PipelineOptions } from "./pipeline";
export { bertTokenizer, type CrammingOptions, crammingTokenizerOptions } from "./presets";
export type { EncodeInput, EncodeOptions, Tokenizer } from "./tokenizer";
export { type Component, type TokenizerJson, tokenizerFromJson } from "./tokenizer-json";
export { trainTokenizer } from "./train-tokenizer";
export type { CountWords, TrainOptions, TrainProgress } from "./training/options";
