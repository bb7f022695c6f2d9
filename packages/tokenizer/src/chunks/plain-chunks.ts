import type { Normalizer } from "../components.ts";
import type { Component } from "../json/schema.ts";
import { alignedText } from "../text/aligned-text.ts";
import { textOfCodes } from "./ascii-text.ts";
import type { NumberedChunks } from "./chunk-dictionary.ts";
import { chunkRule, components, isMarksAlone } from "./chunk-rule.ts";
import { longestChunk } from "./chunk-table.ts";

/**
 * What becomes of ASCII letters and digits in a chunk that holds nothing else, by their codes; 0 is not known. Such a chunk is
 * one piece, of as many characters.
 */
export type PlainCharacters = Uint8Array;

const isPlain = /^[A-Za-z0-9]$/;
const wholeWords = ["Whitespace", "WhitespaceSplit", "BertPreTokenizer", "Punctuation"];

/** Undefined if these components may look at a character's neighbours, or cut between letters. */
export const plainCharacters = (
  normalizer: Component | null,
  preTokenizer: Component | null,
  normalize: Normalizer | undefined,
): PlainCharacters | undefined => {
  const rule = chunkRule(normalizer, preTokenizer);
  if (!rule || rule.keepSpace) return undefined;
  if (!components(preTokenizer, "pretokenizers").every(({ type }) => wholeWords.includes(type))) return undefined;
  // The expressions that a rule allows find no letter and no digit; a text may be one.
  const normalizers = components(normalizer, "normalizers");
  if (!normalizers.every(({ type, pattern }) => type !== "Replace" || isMarksAlone(pattern))) return undefined;
  const plain = new Uint8Array(128);
  for (let code = 0; code < 128; code++) {
    const character = String.fromCharCode(code);
    const text = normalize ? normalize(alignedText(character)).text : character;
    if (isPlain.test(character) && isPlain.test(text)) plain[code] = text.charCodeAt(0);
  }
  return plain;
};

/** The piece that a chunk of plain characters gives; undefined for any other chunk. */
export const plainPieces = (plain: PlainCharacters | undefined) => {
  const codes = new Uint8Array(longestChunk);
  return (chunks: NumberedChunks, number: number): string | undefined => {
    const length = plain ? chunks.asciiOf(number, codes) : 0;
    if (!plain || length <= 0) return undefined;
    for (let i = 0; i < length; i++) {
      const code = plain[codes[i]!]!;
      if (code === 0) return undefined;
      codes[i] = code;
    }
    return textOfCodes(codes, length);
  };
};
