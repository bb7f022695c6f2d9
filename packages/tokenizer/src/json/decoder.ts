import type { Decoder } from "../decoders/decoder";
import { wordPieceDecoder } from "../decoders/word-piece";
import { asBoolean, asString, type Field, get, items, unsupported } from "./field";

const readers: Record<string, (field: Field) => Decoder> = {
  Sequence(field) {
    const parts = items(get(field, "decoders")).map(readDecoder);
    return (tokens) => parts.reduce((pieces, decode) => decode(pieces), tokens);
  },
  WordPiece: (field) => wordPieceDecoder(asString(get(field, "prefix")), asBoolean(get(field, "cleanup"))),
};

export function readDecoder(field: Field): Decoder {
  const type = asString(get(field, "type"));
  return Object.hasOwn(readers, type) ? readers[type]!(field) : unsupported(field, "decoder", Object.keys(readers));
}
