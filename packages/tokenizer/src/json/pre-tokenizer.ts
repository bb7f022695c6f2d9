import type { PreTokenizer } from "../pre-tokenizers/pre-tokenizer";
import { bertPreTokenizer, whitespace, whitespaceSplit } from "../pre-tokenizers/whitespace";
import { asString, type Field, get, items, unsupported } from "./field";

const readers: Record<string, (field: Field) => PreTokenizer> = {
  Sequence(field) {
    const parts = items(get(field, "pretokenizers")).map(readPreTokenizer);
    return (text, first) =>
      parts.reduce((pieces, split) => pieces.flatMap((piece, i) => split(piece, first && i === 0)), [text]);
  },
  Whitespace: () => whitespace,
  WhitespaceSplit: () => whitespaceSplit,
  BertPreTokenizer: () => bertPreTokenizer,
};

export function readPreTokenizer(field: Field): PreTokenizer {
  const type = asString(get(field, "type"));
  return Object.hasOwn(readers, type)
    ? readers[type]!(field)
    : unsupported(field, "pre-tokenizer", Object.keys(readers));
}
