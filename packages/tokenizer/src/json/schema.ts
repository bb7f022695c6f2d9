import type { AddedToken } from "../added-tokens.ts";

/** A part of a tokenizer, by the name that `tokenizer.json` has for it, with that part's settings. */
export interface Component {
  readonly type: string;
  readonly [setting: string]: unknown;
}

/** The document that Hugging Face `tokenizers` reads and writes. */
export interface TokenizerJson {
  readonly version: "1.0";
  readonly truncation: object | null;
  readonly padding: object | null;
  readonly added_tokens: readonly AddedToken[];
  readonly normalizer: Component | null;
  readonly pre_tokenizer: Component | null;
  readonly post_processor: Component | null;
  readonly decoder: Component | null;
  readonly model: Component;
}
