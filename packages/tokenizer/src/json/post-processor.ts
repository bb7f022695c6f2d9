import type { PostProcessor, TemplatePiece } from "../post-processors/template";
import { asCount, asOneOf, asString, type Field, fail, get, has, items, unsupported } from "./field";

const readers: Record<string, (field: Field) => PostProcessor> = {
  TemplateProcessing: (field) => ({
    single: items(get(field, "single")).map((piece) => readPiece(piece, get(field, "special_tokens"))),
    pair: items(get(field, "pair")).map((piece) => readPiece(piece, get(field, "special_tokens"))),
  }),
};

function readPiece(piece: Field, specialTokens: Field): TemplatePiece {
  if (has(piece, "Sequence")) {
    const sequence = get(piece, "Sequence");
    return {
      sequence: asOneOf(get(sequence, "id"), ["A", "B"]) === "A" ? 0 : 1,
      typeId: asCount(get(sequence, "type_id")),
    };
  }
  if (!has(piece, "SpecialToken")) return fail(piece, 'an object with "Sequence" or "SpecialToken"');
  const special = get(piece, "SpecialToken");
  const name = asString(get(special, "id"));
  const definition = get(specialTokens, name);
  if (definition.value === undefined) fail(get(special, "id"), `a token that ${specialTokens.path} defines`);
  const ids = items(get(definition, "ids")).map((id) => asCount(id));
  const tokens = items(get(definition, "tokens")).map(asString);
  if (ids.length !== tokens.length) fail(get(definition, "tokens"), `${ids.length} tokens, one for each id`);
  return { ids, tokens, typeId: asCount(get(special, "type_id")) };
}

export function readPostProcessor(field: Field): PostProcessor {
  const type = asString(get(field, "type"));
  return Object.hasOwn(readers, type)
    ? readers[type]!(field)
    : unsupported(field, "post-processor", Object.keys(readers));
}
