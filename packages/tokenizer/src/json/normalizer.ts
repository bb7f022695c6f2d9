import type { Normalizer } from "../components.ts";
import { bertNormalizer } from "../normalizers/bert.ts";
import { lowercase } from "../normalizers/lowercase.ts";
import { nmtNormalizer } from "../normalizers/nmt.ts";
import { type Charsmap, precompiledNormalizer, readCharsmap } from "../normalizers/precompiled.ts";
import { prepend } from "../normalizers/prepend.ts";
import { replaceNormalizer } from "../normalizers/replace.ts";
import { stripNormalizer } from "../normalizers/strip.ts";
import { mapCodePoints } from "../text/aligned-text.ts";
import { byteCharacters, byteLevelText } from "../text/byte-characters.ts";
import { isMark } from "../text/characters.ts";
import { toUnicodeForm } from "../text/unicode-forms.ts";
import { asBoolean, asString, type Field, fail, get, optional, parts, unsupported } from "./field.ts";
import { readPattern } from "./pattern.ts";

const readers: Record<string, (field: Field) => Normalizer> = {
  Sequence(field) {
    const sequence = parts(get(field, "normalizers")).map(readNormalizer);
    return (text) => sequence.reduce((t, normalize) => normalize(t), text);
  },
  BertNormalizer(field) {
    const lower = asBoolean(get(field, "lowercase"));
    return bertNormalizer({
      cleanText: asBoolean(get(field, "clean_text")),
      handleChineseChars: asBoolean(get(field, "handle_chinese_chars")),
      stripAccents: optional(get(field, "strip_accents"), asBoolean, lower),
      lowercase: lower,
    });
  },
  Lowercase: () => lowercase,
  NFC: () => (t) => toUnicodeForm(t, "NFC"),
  NFD: () => (t) => toUnicodeForm(t, "NFD"),
  NFKC: () => (t) => toUnicodeForm(t, "NFKC"),
  NFKD: () => (t) => toUnicodeForm(t, "NFKD"),
  StripAccents: () => (t) => mapCodePoints(t, (character, code) => (isMark(code) ? "" : character)),
  Strip: (field) => stripNormalizer(asBoolean(get(field, "strip_left")), asBoolean(get(field, "strip_right"))),
  Prepend(field) {
    const prefix = asString(get(field, "prepend"));
    return (t) => prepend(t, prefix);
  },
  Replace: (field) => replaceNormalizer(readPattern(get(field, "pattern")), asString(get(field, "content"))),
  Nmt: () => nmtNormalizer,
  Precompiled: (field) => precompiledNormalizer(readPrecompiled(get(field, "precompiled_charsmap"))),
  ByteLevel() {
    const characters = byteCharacters();
    return (t) => mapCodePoints(t, (character) => byteLevelText(character, characters));
  },
};

const readPrecompiled = (field: Field): Charsmap => {
  const text = asString(field);
  try {
    return readCharsmap(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
  } catch (error) {
    return fail(field, `a charsmap in base64 (${(error as Error).message})`);
  }
};

export const readNormalizer = (field: Field): Normalizer => {
  const type = asString(get(field, "type"));
  return Object.hasOwn(readers, type) ? readers[type]!(field) : unsupported(field, "normalizer", Object.keys(readers));
};
