import type { Model } from "../components.ts";
import { bpe } from "../models/bpe.ts";
import { unigram } from "../models/unigram.ts";
import { type Vocabulary, vocabulary } from "../models/vocabulary.ts";
import { wordLevel } from "../models/word-level.ts";
import { wordPiece } from "../models/word-piece.ts";
import {
  asBoolean,
  asCount,
  asNumber,
  asString,
  asToken,
  type Field,
  fail,
  get,
  has,
  items,
  MAX_TOKEN,
  optional,
  properties,
  unsupported,
} from "./field.ts";

/** Ids above this would make a table of tokens too large to be meant. */
const MAX_ID = 0x3ffffff;

const readVocabulary = (field: Field): Vocabulary => {
  const ids = new Map<string, number>();
  const seen = new Map<number, string>();
  for (const [token, idField] of properties(field)) {
    const id = asCount(idField, MAX_ID);
    if (token.length > MAX_TOKEN) fail(idField, `a token of at most ${MAX_TOKEN} characters`, "remove it");
    if (seen.has(id)) {
      fail(idField, `an id of its own for ${JSON.stringify(token)}`, `${JSON.stringify(seen.get(id))} has it already`);
    }
    seen.set(id, token);
    ids.set(token, id);
  }
  return vocabulary(ids);
};

/** `["a", "b"]`, or `"a b"` as older files have it. */
const readMerge = (field: Field): readonly [string, string] => {
  const parts = typeof field.value === "string" ? field.value.split(" ") : items(field).map(asString);
  const [left, right] = parts;
  if (parts.length !== 2 || left === undefined || right === undefined) return fail(field, "two tokens");
  return [left, right];
};

const readPiece = (field: Field): readonly [string, number] => {
  const [token, score, ...rest] = items(field);
  if (!token || !score || rest.length > 0) return fail(field, "a token and its score");
  return [asToken(token), asNumber(score)];
};

const readers: Record<string, (field: Field) => Model> = {
  WordPiece: (field) =>
    wordPiece({
      vocab: readVocabulary(get(field, "vocab")),
      unkToken: asString(get(field, "unk_token")),
      continuingSubwordPrefix: asString(get(field, "continuing_subword_prefix")),
      maxInputCharsPerWord: asCount(get(field, "max_input_chars_per_word")),
    }),
  BPE(field) {
    const dropout = get(field, "dropout");
    if (optional(dropout, asNumber, 0) !== 0) fail(dropout, "null", "dropout is random and not supported");
    return bpe({
      vocab: readVocabulary(get(field, "vocab")),
      merges: items(get(field, "merges")).map(readMerge),
      unkToken: optional(get(field, "unk_token"), asString, undefined),
      continuingSubwordPrefix: optional(get(field, "continuing_subword_prefix"), asString, ""),
      endOfWordSuffix: optional(get(field, "end_of_word_suffix"), asString, ""),
      fuseUnk: optional(get(field, "fuse_unk"), asBoolean, false),
      byteFallback: optional(get(field, "byte_fallback"), asBoolean, false),
      ignoreMerges: optional(get(field, "ignore_merges"), asBoolean, false),
    });
  },
  Unigram(field) {
    const pieces = items(get(field, "vocab")).map(readPiece);
    const unkId = optional(get(field, "unk_id"), (f) => asCount(f), undefined);
    if (unkId !== undefined && unkId >= pieces.length) fail(get(field, "unk_id"), `an id below ${pieces.length}`);
    return unigram({ pieces, unkId, byteFallback: optional(get(field, "byte_fallback"), asBoolean, false) });
  },
  WordLevel: (field) => wordLevel(readVocabulary(get(field, "vocab")), asString(get(field, "unk_token"))),
};

/** Files from before the models had a `type` are told apart by what else they hold. */
const typeOf = (field: Field): string => {
  if (has(field, "type")) return asString(get(field, "type"));
  if (has(field, "merges")) return "BPE";
  if (Array.isArray(get(field, "vocab").value)) return "Unigram";
  return has(field, "continuing_subword_prefix") ? "WordPiece" : "WordLevel";
};

export const readModel = (field: Field): Model => {
  const type = typeOf(field);
  return Object.hasOwn(readers, type) ? readers[type]!(field) : unsupported(field, "model", Object.keys(readers));
};
