import { type PostProcessor, plainPostProcessor, type TemplatePiece } from "../post-processors/template.ts";
import {
  asBoolean,
  asCount,
  asOneOf,
  asString,
  type Field,
  fail,
  get,
  has,
  items,
  parts,
  unsupported,
} from "./field.ts";

const readers: Record<string, (field: Field) => PostProcessor> = {
  TemplateProcessing: (field) => ({
    single: items(get(field, "single")).map((piece) => readPiece(piece, get(field, "special_tokens"))),
    pair: items(get(field, "pair")).map((piece) => readPiece(piece, get(field, "special_tokens"))),
  }),
  BertProcessing(field) {
    const [cls, sep] = [readTokenAndId(get(field, "cls")), readTokenAndId(get(field, "sep"))];
    const single = [put(cls, 0), sequence(0, 0), put(sep, 0)];
    return { single, pair: [...single, sequence(1, 1), put(sep, 1)] };
  },
  RobertaProcessing(field) {
    const [cls, sep] = [readTokenAndId(get(field, "cls")), readTokenAndId(get(field, "sep"))];
    const single = [put(cls, 0), sequence(0, 0), put(sep, 0)];
    return { single, pair: [...single, put(sep, 0), sequence(1, 0), put(sep, 0)], trimOffsets: readTrim(field) };
  },
  ByteLevel: (field) => ({ ...plainPostProcessor, trimOffsets: readTrim(field) }),
  Sequence(field) {
    const all = parts(get(field, "processors"));
    const sequence = all.map(readPostProcessor);
    const isTemplate = (i: number) => get(all[i]!, "type").value !== "ByteLevel";
    const templates = sequence.filter((_, i) => isTemplate(i));
    if (templates.length > 1) fail(get(field, "processors"), "one template at most");
    const { single, pair } = templates[0] ?? plainPostProcessor;
    return { single, pair, trimOffsets: sequence.find((part) => part.trimOffsets)?.trimOffsets };
  },
};

type TokenAndId = readonly [token: string, id: number];

const readTokenAndId = (field: Field): TokenAndId => {
  const [token, id, ...rest] = items(field);
  if (!token || !id || rest.length > 0) return fail(field, "a token and its id");
  return [asString(token), asCount(id)];
};

const put = ([token, id]: TokenAndId, typeId: number): TemplatePiece => ({ ids: [id], tokens: [token], typeId });

const sequence = (index: 0 | 1, typeId: number): TemplatePiece => ({ sequence: index, typeId });

const readTrim = (field: Field) =>
  asBoolean(get(field, "trim_offsets")) ? { addPrefixSpace: asBoolean(get(field, "add_prefix_space")) } : undefined;

const readPiece = (piece: Field, specialTokens: Field): TemplatePiece => {
  if (has(piece, "Sequence")) {
    const part = get(piece, "Sequence");
    return sequence(asOneOf(get(part, "id"), ["A", "B"]) === "A" ? 0 : 1, asCount(get(part, "type_id")));
  }
  if (!has(piece, "SpecialToken")) return fail(piece, 'an object with "Sequence" or "SpecialToken"');
  const special = get(piece, "SpecialToken");
  const definition = get(specialTokens, asString(get(special, "id")));
  if (definition.value === undefined) fail(get(special, "id"), `a token that ${specialTokens.path} defines`);
  const ids = items(get(definition, "ids")).map((id) => asCount(id));
  const tokens = items(get(definition, "tokens")).map(asString);
  if (ids.length !== tokens.length) fail(get(definition, "tokens"), `${ids.length} tokens, one for each id`);
  return { ids, tokens, typeId: asCount(get(special, "type_id")) };
};

export const readPostProcessor = (field: Field): PostProcessor => {
  const type = asString(get(field, "type"));
  return Object.hasOwn(readers, type)
    ? readers[type]!(field)
    : unsupported(field, "post-processor", Object.keys(readers));
};
