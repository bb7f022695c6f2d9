import { Tokenizer as Rust } from "tokenizers";
import { describe, expect, test } from "vitest";
import { splitAtMatches, splitBehaviors } from "../pre-tokenizers/split.ts";
import { alignedText } from "./aligned-text.ts";
import { findMatches } from "./pattern.ts";
import { translateRegex } from "./regex.ts";

const texts = [
  "",
  "a",
  "Hello  world's 1234 \u00e9t\u00e9\n\n\u6f22\u5b57 x_y \u{1f44d}!\tEnd ",
  "aaa-b--c  - ",
  "'S 'Ll I'M\r\n  \u00a0 9\u0661",
  "x\u00b2\u00bd \u2163 \u24b6 \u2460 \u0345 \u203f",
];

/** GPT-2, GPT-4 and Qwen among them. */
const patterns = [
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}",
  "\\w+|[^\\w\\s]+",
  "\\W|[\\w]",
  "\\s",
  "-",
  "\\d{,2}",
  "(?=[A-Z])",
  "^.|.$",
  "\\A.|.\\z",
  "[[a-z]&&[^aeiou]]+",
  "\\p{Han}|\\p{^L}",
  "(?<=l)o",
  "\\x{48}|\\u0065|[\\-\\]x]",
  "(?>a+)a",
];

/** The Rust implementation with a model that gives every piece one token. */
const rustWith = (pattern: string, behavior: string, invert: boolean) =>
  Rust.fromString(
    JSON.stringify({
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: { type: "Split", pattern: { Regex: pattern }, behavior, invert },
      post_processor: null,
      decoder: null,
      model: { type: "WordLevel", vocab: { "<unk>": 0 }, unk_token: "<unk>" },
    }),
  );

describe("expressions match as in Oniguruma", () => {
  test.each(patterns)("%s", async (pattern) => {
    for (const behavior of splitBehaviors) {
      for (const invert of [false, true]) {
        const rust = rustWith(pattern, behavior, invert);
        for (const text of texts) {
          const encoding = await rust.encode(text);
          const expected = encoding.getOffsets().map(([start, end]) => Array.from(text).slice(start, end).join(""));
          const pieces = splitAtMatches(
            alignedText(text),
            findMatches(translateRegex(pattern), text),
            behavior,
            invert,
          );
          expect(pieces.map((piece) => piece.text).filter((piece) => piece !== "")).toEqual(expected);
        }
      }
    }
  });
});

describe("expressions that are refused", () => {
  test.each([
    "(a+)+",
    "(a|a)*b",
    "(x+x+)+y",
    "(a{1,500}){1,500}",
    "(\\w|\\d)+!",
    "a*a*a*a*b",
    "(?x)a",
    "\\bword",
    "(a)\\1",
    "[[:alpha:]]",
    "a{2000}",
    "(",
    "[a",
    "\\",
    "*a",
    "\\p{Nothing}",
  ])("%s", (pattern) => {
    expect(() => translateRegex(pattern)).toThrow(SyntaxError);
  });
});
