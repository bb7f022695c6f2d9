import type { AlignedText } from "./text/aligned-text.ts";

/** Rewrites text. */
export type Normalizer = (text: AlignedText) => AlignedText;

/** Cuts text into the pieces that the model sees one at a time. */
export type PreTokenizer = (text: AlignedText) => AlignedText[];

/** Tokens in the making; `starts` and `ends` are UTF-16 units of whatever text the producer was given. */
export interface TokenList {
  ids: number[];
  starts: number[];
  ends: number[];
  /**
   * Texts of tokens whose id does not tell it: unknown characters of Unigram, added tokens with spaces.
   *
   * @defaultValue none
   */
  surfaces?: Map<number, string>;
}

export const tokenList = (): TokenList => ({ ids: [], starts: [], ends: [] });

/** Turns a piece of text into tokens and knows its vocabulary. */
export interface Model {
  /** Appends the tokens of `piece`; offsets are units of `piece`. */
  tokenize(piece: string, out: TokenList): void;
  /**
   * Appends the ids alone of a piece of ASCII, which is given by its first `length` codes: without a text, which is made for
   * nothing.
   *
   * @defaultValue pieces have to be texts
   */
  tokenizeCodes?(codes: Uint8Array, length: number, ids: number[]): void;
  readonly vocabSize: number;
  /** One more than the largest id. */
  readonly idLimit: number;
  tokenToId(token: string): number | undefined;
  idToToken(id: number): string | undefined;
}

/** Rewrites tokens into pieces of text; the pieces are joined without anything between them. */
export type Decoder = (tokens: string[]) => string[];
