import {
  bertNormalizer,
  bertPreTokenizer,
  byteLevelPreTokenizer,
  digitsPreTokenizer,
  lowercase,
  nfcNormalizer,
  nfdNormalizer,
  nfkcNormalizer,
  nfkdNormalizer,
  nmt,
  punctuationPreTokenizer,
  Tokenizer as Rust,
  stripAccentsNormalizer,
  stripNormalizer,
  whitespacePreTokenizer,
  whitespaceSplitPreTokenizer,
} from "tokenizers";
import { describe, expect, test } from "vitest";
import { root } from "../json/field.ts";
import { readNormalizer } from "../json/normalizer.ts";
import { readPreTokenizer } from "../json/pre-tokenizer.ts";
import { compileRegex } from "../regex/compile-regex.ts";
import { findMatches } from "../regex/find-matches.ts";
import { alignedText } from "./aligned-text.ts";

const bert = { cleanText: true, handleChineseChars: true, stripAccents: true, lowercase: true };
const bertJson = { clean_text: true, handle_chinese_chars: true, strip_accents: true, lowercase: true };

const normalizers = [
  [{ type: "BertNormalizer", ...bertJson }, bertNormalizer(bert)],
  [{ type: "NFC" }, nfcNormalizer()],
  [{ type: "NFD" }, nfdNormalizer()],
  [{ type: "NFKC" }, nfkcNormalizer()],
  [{ type: "NFKD" }, nfkdNormalizer()],
  [{ type: "Lowercase" }, lowercase()],
  [{ type: "StripAccents" }, stripAccentsNormalizer()],
  [{ type: "Strip", strip_left: true, strip_right: true }, stripNormalizer()],
  [{ type: "Nmt" }, nmt()],
] as const;

const preTokenizers = [
  [{ type: "Whitespace" }, whitespacePreTokenizer()],
  [{ type: "WhitespaceSplit" }, whitespaceSplitPreTokenizer()],
  [{ type: "BertPreTokenizer" }, bertPreTokenizer()],
  [{ type: "Punctuation" }, punctuationPreTokenizer()],
  [{ type: "Digits", individual_digits: false }, digitsPreTokenizer(false)],
  [{ type: "ByteLevel", add_prefix_space: false, use_regex: true }, byteLevelPreTokenizer(false)],
] as const;

/** Code points of which a lone surrogate is none. */
function* characters() {
  for (let code = 0; code < 0x110000; code++) if (code < 0xd800 || code > 0xdfff) yield String.fromCodePoint(code);
}

describe("every code point, against the Rust implementation", () => {
  test.each(normalizers)("%o", (json, rust) => {
    const normalize = readNormalizer(root(json, "normalizer"));
    const wrong: string[] = [];
    for (const character of characters()) {
      if (normalize(alignedText(character)).text !== rust.normalizeString(character)) wrong.push(character);
    }
    expect(wrong).toEqual([]);
  });

  // One mark of each of the common classes, from the first to the last.
  test.each(normalizers.slice(1, 5))("%o, beside marks of other classes", (json, rust) => {
    const normalize = readNormalizer(root(json, "normalizer"));
    const marks = ["\u0334", "\u094d", "\u05b0", "\u064b", "\u0327", "\u0323", "\u0300", "\u035d", "\u0345"];
    const wrong: string[] = [];
    for (const character of characters()) {
      if (!/\p{M}/u.test(character)) continue;
      for (const mark of marks)
        for (const text of [`a${character}${mark}`, `a${mark}${character}`])
          if (normalize(alignedText(text)).text !== rust.normalizeString(text)) wrong.push(text);
    }
    expect(wrong).toEqual([]);
  });

  test.each(preTokenizers)("%o", (json, rust) => {
    const split = readPreTokenizer(root(json, "pre_tokenizer"));
    const wrong: string[] = [];
    for (const character of characters()) {
      const text = `a${character}b`;
      const pieces = split(alignedText(text)).map((piece) => piece.text);
      if (
        pieces.join("\0") !==
        rust
          .preTokenizeString(text)
          .map(([piece]) => piece)
          .join("\0")
      )
        wrong.push(character);
    }
    expect(wrong).toEqual([]);
  });

  test.each(["\\w", "[\\w]", "\\W", "\\s", "\\d", "\\D", "\\p{L}", "\\p{N}", "\\p{^N}", "[^\\w\\s]"])(
    "%s",
    async (source) => {
      const rust = Rust.fromString(
        JSON.stringify({
          version: "1.0",
          truncation: null,
          padding: null,
          added_tokens: [],
          normalizer: null,
          pre_tokenizer: { type: "Split", pattern: { Regex: source }, behavior: "Removed", invert: true },
          post_processor: null,
          decoder: null,
          model: { type: "WordLevel", vocab: { "<unk>": 0 }, unk_token: "<unk>" },
        }),
      );
      const all = [...characters()];
      for (let start = 0; start < all.length; start += 4096) {
        const part = all.slice(start, start + 4096);
        const text = part.join("");
        const found = findMatches(compileRegex(source), text).filter((_, i) => i % 2 === 0);
        const expected = (await rust.encode(text)).getOffsets().map(([from]) => part[from!]);
        expect(found.map((at) => String.fromCodePoint(text.codePointAt(at)!))).toEqual(expected);
      }
    },
  );
});
