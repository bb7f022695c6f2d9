import { rangeTest, unicodeDifferences } from "./unicode-differences.ts";

/** Character classes as the Rust implementation has them, if JavaScript's own (`\s`, `\w`) differ. */
const whitespace = /^\p{White_Space}$/u;
const punctuation = /^\p{P}$/u;
const control = /^[\p{Cc}\p{Cf}\p{Co}\p{Cs}]$/u;
const nonspacingMark = /^\p{Mn}$/u;
const mark = /^\p{M}$/u;
const numeric = /^\p{N}$/u;
const wordCharacter = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;

/** Answers for the Basic Multilingual Plane are kept: 0 not asked yet, 1 no, 2 yes. */
const remembered = (
  pattern: RegExp,
  difference?: () => { without: string; withIt: string },
): ((code: number) => boolean) => {
  let known: Uint8Array | undefined;
  const lacks = rangeTest(() => difference?.().without ?? "");
  const has = rangeTest(() => difference?.().withIt ?? "");
  const answer = (code: number) => (pattern.test(String.fromCodePoint(code)) ? !lacks(code) : has(code));
  return (code) => {
    if (code > 0xffff) return answer(code);
    known ??= new Uint8Array(0x10000);
    return (known[code] ||= answer(code) ? 2 : 1) === 2;
  };
};

export const isWhitespace = /* @__PURE__ */ remembered(whitespace);
const isUnicodePunctuation = /* @__PURE__ */ remembered(punctuation, () => unicodeDifferences.punctuation);
export const isControl = /* @__PURE__ */ remembered(control, () => unicodeDifferences.control);
export const isNonspacingMark = /* @__PURE__ */ remembered(nonspacingMark, () => unicodeDifferences.nonspacingMark);
export const isMark = /* @__PURE__ */ remembered(mark, () => unicodeDifferences.mark);
export const isNumeric = /* @__PURE__ */ remembered(numeric);
export const isWordCharacter = /* @__PURE__ */ remembered(wordCharacter, () => unicodeDifferences.wordCharacter);

/** ASCII punctuation counts `$+<=>^|~` and the backtick in, as BERT does; beyond ASCII the Unicode categories P*. */
export const isPunctuation = (code: number) =>
  code < 128
    ? (code > 32 && code < 48) || (code > 57 && code < 65) || (code > 90 && code < 97) || (code > 122 && code < 127)
    : isUnicodePunctuation(code);

/** The blocks that BERT calls Chinese: CJK ideographs without kana and hangul. */
export const isChinese = (code: number) =>
  (code >= 0x4e00 && code <= 0x9fff) ||
  (code >= 0x3400 && code <= 0x4dbf) ||
  (code >= 0x20000 && code <= 0x2a6df) ||
  (code >= 0x2a700 && code <= 0x2b73f) ||
  (code >= 0x2b740 && code <= 0x2b81f) ||
  (code >= 0x2b920 && code <= 0x2ceaf) ||
  (code >= 0xf900 && code <= 0xfaff) ||
  (code >= 0x2f800 && code <= 0x2fa1f);
