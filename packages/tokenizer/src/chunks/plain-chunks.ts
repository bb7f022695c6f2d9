import type { Normalizer } from "../components.ts";
import type { Component } from "../json/schema.ts";
import { alignedText } from "../text/aligned-text.ts";
import { textOfCodes } from "./ascii-text.ts";
import type { NumberedChunks } from "./chunk-dictionary.ts";
import { chunkRule, components, isMarksAlone } from "./chunk-rule.ts";
import { longestChunk } from "./chunk-table.ts";

/** What becomes of single characters in a chunk that gives ASCII letters and digits alone, which are one piece. */
export interface PlainCharacters {
  /** Of ASCII letters and digits, a character each, by their codes; 0 is not known. */
  readonly ascii: Uint8Array;
  /**
   * Letters and digits of another character, none if it is deleted; undefined if it is not known.
   *
   * @defaultValue other characters may depend on their neighbours
   */
  readonly of?: (unit: number) => string | undefined;
}

const isPlain = /^[A-Za-z0-9]$/;
const arePlain = /^[A-Za-z0-9]*$/;
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
  const ascii = new Uint8Array(128);
  for (let code = 0; code < 128; code++) {
    const character = String.fromCharCode(code);
    const text = normalize ? normalize(alignedText(character)).text : character;
    if (isPlain.test(character) && isPlain.test(text)) ascii[code] = text.charCodeAt(0);
  }
  return normalize && normalizers.every(looksAtOneCharacter) ? { ascii, of: othersBy(normalize) } : { ascii };
};

/** Whether beyond ASCII too each character but a mark gives what it gives alone. Composing joins neighbours, replacing runs. */
const looksAtOneCharacter = ({ type, pattern, content }: Component): boolean =>
  type === "Replace"
    ? content === "" || (pattern as { Regex?: string }).Regex !== beyondAscii
    : ["NFD", "NFKD", "Lowercase", "StripAccents", "BertNormalizer"].includes(type);

const beyondAscii = "[^\\x00-\\x7F]+";
// Marks are put in order among each other; half a pair is not a character.
const isMark = /[\p{M}\p{Cs}]/u;

const othersBy = (normalize: Normalizer) => {
  /** By units: undefined for what was not asked yet. */
  const known: (string | null | undefined)[] = [];
  const look = (unit: number): string | null => {
    const character = String.fromCharCode(unit);
    if (isMark.test(character) || isMark.test(character.normalize("NFKD")[0]!)) return null;
    const { text } = normalize(alignedText(character));
    return arePlain.test(text) ? text : null;
  };
  return (unit: number): string | undefined => {
    if (known[unit] === undefined) known[unit] = look(unit);
    return known[unit] ?? undefined;
  };
};

/** A chunk that is one piece of letters and digits, or nothing. */
interface PlainPiece {
  readonly piece: string;
  /**
   * The chunk.
   *
   * @defaultValue it is as long, and of ASCII as well
   */
  readonly chunk?: string;
}

/** The pieces that chunks of plain characters give. */
export interface PlainPieces {
  /** Of a chunk of ASCII, what `read` has found. */
  readonly codes: Uint8Array;
  /** Reads the piece of a chunk of ASCII into `codes`, and returns its length; -1 for any other chunk. */
  read(chunks: NumberedChunks, number: number): number;
  /** The piece as a text, undefined for any other chunk. */
  piece(chunks: NumberedChunks, number: number): PlainPiece | undefined;
}

export const plainPieces = ({ ascii, of }: PlainCharacters): PlainPieces => {
  const codes = new Uint8Array(longestChunk);
  const read = (chunks: NumberedChunks, number: number): number => {
    const length = chunks.asciiOf(number, codes);
    for (let i = 0; i < length; i++) {
      const code = ascii[codes[i]!]!;
      if (code === 0) return -1;
      codes[i] = code;
    }
    return length;
  };
  const piece = (chunks: NumberedChunks, number: number): PlainPiece | undefined => {
    const length = read(chunks, number);
    if (length >= 0) return { piece: textOfCodes(codes, length) };
    if (!of) return undefined;
    const chunk = chunks.chunk(number);
    let piece = "";
    for (let i = 0; i < chunk.length; i++) {
      const unit = chunk.charCodeAt(i);
      const code = unit < 128 ? ascii[unit]! : 0;
      const text = unit < 128 ? (code === 0 ? undefined : String.fromCharCode(code)) : of(unit);
      if (text === undefined) return undefined;
      piece += text;
    }
    return { piece, chunk };
  };
  return { codes, read, piece };
};
