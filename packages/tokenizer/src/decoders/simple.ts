import type { Decoder } from "../components.ts";
import { findMatches, type Pattern } from "../regex/find-matches.ts";
import { cleanUp } from "./word-piece.ts";

/** `suffix` ends a word: it becomes a space, and nothing in the last token. */
export const bpeDecoder =
  (suffix: string): Decoder =>
  (tokens) =>
    tokens.map((token, i) => (suffix === "" ? token : token.replaceAll(suffix, i === tokens.length - 1 ? "" : " ")));

/** `replacement` becomes a space, or nothing in the first token if it was put there. */
export const metaspaceDecoder =
  (replacement: string, prepended: boolean): Decoder =>
  (tokens) =>
    tokens.map((token, i) => token.replaceAll(replacement, i === 0 && prepended ? "" : " "));

export const fuseDecoder: Decoder = (tokens) => [tokens.join("")];

/** Drops up to `start` and `stop` characters `content` from the ends of every token. */
export const stripDecoder =
  (content: string, start: number, stop: number): Decoder =>
  (tokens) =>
    tokens.map((token) => {
      const characters = Array.from(token);
      let from = 0;
      while (from < start && characters[from] === content) from++;
      let to = characters.length;
      while (characters.length - to < stop && to > 0 && characters[to - 1] === content) to--;
      return characters.slice(from, Math.max(from, to)).join("");
    });

export const replaceDecoder =
  (pattern: Pattern, content: string): Decoder =>
  (tokens) =>
    tokens.map((token) => {
      let text = "";
      let end = 0;
      const matches = findMatches(pattern, token);
      for (let i = 0; i < matches.length; i += 2) {
        text += token.slice(end, matches[i]) + content;
        end = matches[i + 1]!;
      }
      return text + token.slice(end);
    });

/** Connectionist temporal classification: repeated tokens are one, padding goes, the delimiter is a space. */
export const ctcDecoder =
  (padToken: string, wordDelimiter: string, cleanup: boolean): Decoder =>
  (tokens) =>
    tokens
      .filter((token, i) => i === 0 || token !== tokens[i - 1])
      .map((token) => (padToken === "" ? token : token.replaceAll(padToken, "")))
      .map((token) => (cleanup ? cleanUp(token).replaceAll(wordDelimiter, " ") : token))
      .filter((token) => token !== "");
