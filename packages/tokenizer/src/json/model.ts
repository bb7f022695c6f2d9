import type { Model } from "../models/model";
import { type Vocabulary, vocabulary } from "../models/vocabulary";
import { wordPiece } from "../models/word-piece";
import { asCount, asString, type Field, fail, get, has, properties, unsupported } from "./field";

/** Ids above this would make a table of tokens too large to be meant. */
const MAX_ID = 0x3ffffff;

export function readVocabulary(field: Field): Vocabulary {
  const ids = new Map<string, number>();
  const seen = new Map<number, string>();
  for (const [token, idField] of properties(field)) {
    const id = asCount(idField, MAX_ID);
    if (seen.has(id))
      fail(idField, `an id of its own for ${JSON.stringify(token)}`, `${JSON.stringify(seen.get(id))} has it already`);
    seen.set(id, token);
    ids.set(token, id);
  }
  return vocabulary(ids);
}

const readers: Record<string, (field: Field) => Model> = {
  WordPiece: (field) =>
    wordPiece({
      vocab: readVocabulary(get(field, "vocab")),
      unkToken: asString(get(field, "unk_token")),
      continuingSubwordPrefix: asString(get(field, "continuing_subword_prefix")),
      maxInputCharsPerWord: asCount(get(field, "max_input_chars_per_word")),
    }),
};

export function readModel(field: Field): Model {
  // Files from before the models had a `type` are told apart by what else they hold.
  const type = has(field, "type") ? asString(get(field, "type")) : "WordPiece";
  return Object.hasOwn(readers, type) ? readers[type]!(field) : unsupported(field, "model", Object.keys(readers));
}
