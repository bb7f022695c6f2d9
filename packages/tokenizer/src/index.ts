export type { AddedToken } from "./added-tokens";
export type { Encoding, PaddingOptions, TruncationOptions } from "./encoding";
export { bertTokenizer, type CrammingOptions, crammingTokenizerOptions } from "./presets";
export type { EncodeInput, EncodeOptions, Tokenizer } from "./tokenizer";
export { type Component, type TokenizerJson, tokenizerFromJson } from "./tokenizer-json";
export { trainTokenizer } from "./train-tokenizer";
export type { TrainOptions, TrainProgress } from "./training/options";
