import type { Decoder } from "../components.ts";

const cleanups: [string, string][] = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" do not", " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/** Undoes the spaces that English tokenization puts before punctuation and contractions. */
export const cleanUp = (text: string) => cleanups.reduce((t, [from, to]) => t.replaceAll(from, to), text);

/** Joins continuations to the token before them and puts a space before every other token. */
export const wordPieceDecoder =
  (prefix: string, cleanup: boolean): Decoder =>
  (tokens) =>
    tokens.map((token, i) => {
      const text = i === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
      return cleanup ? cleanUp(text) : text;
    });
