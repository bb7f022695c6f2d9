import { bertNormalizer } from "../normalizers/bert";
import { lowercase } from "../normalizers/lowercase";
import type { Normalizer } from "../normalizers/normalizer";
import { replaceNormalizer } from "../normalizers/replace";
import { mapCodePoints } from "../text/aligned-text";
import { isMark } from "../text/characters";
import { decompose } from "../text/unicode-forms";
import { asBoolean, asString, type Field, get, items, optional, unsupported } from "./field";
import { readPattern } from "./pattern";

const readers: Record<string, (field: Field) => Normalizer> = {
  Sequence(field) {
    const parts = items(get(field, "normalizers")).map(readNormalizer);
    return (text) => parts.reduce((t, normalize) => normalize(t), text);
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
  NFD: () => (t) => decompose(t, "NFD"),
  NFKD: () => (t) => decompose(t, "NFKD"),
  StripAccents: () => (t) => mapCodePoints(t, (character, code) => (isMark(code) ? "" : character)),
  Replace: (field) => replaceNormalizer(readPattern(get(field, "pattern")), asString(get(field, "content"))),
};

export function readNormalizer(field: Field): Normalizer {
  const type = asString(get(field, "type"));
  return Object.hasOwn(readers, type) ? readers[type]!(field) : unsupported(field, "normalizer", Object.keys(readers));
}
