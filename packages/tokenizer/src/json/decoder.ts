import type { Decoder } from "../components.ts";
import { byteFallbackDecoder, byteLevelDecoder } from "../decoders/bytes.ts";
import {
  bpeDecoder,
  ctcDecoder,
  fuseDecoder,
  metaspaceDecoder,
  replaceDecoder,
  stripDecoder,
} from "../decoders/simple.ts";
import { wordPieceDecoder } from "../decoders/word-piece.ts";
import { asBoolean, asCharacter, asCount, asString, type Field, get, parts, unsupported } from "./field.ts";
import { readPattern } from "./pattern.ts";
import { readPrependScheme } from "./pre-tokenizer.ts";

const readers: Record<string, (field: Field) => Decoder> = {
  Sequence(field) {
    const sequence = parts(get(field, "decoders")).map(readDecoder);
    return (tokens) => sequence.reduce((pieces, decode) => decode(pieces), tokens);
  },
  WordPiece: (field) => wordPieceDecoder(asString(get(field, "prefix")), asBoolean(get(field, "cleanup"))),
  BPEDecoder: (field) => bpeDecoder(asString(get(field, "suffix"))),
  ByteLevel: byteLevelDecoder,
  Metaspace: (field) => metaspaceDecoder(asCharacter(get(field, "replacement")), readPrependScheme(field) !== "never"),
  ByteFallback: byteFallbackDecoder,
  Fuse: () => fuseDecoder,
  Strip: (field) =>
    stripDecoder(asCharacter(get(field, "content")), asCount(get(field, "start")), asCount(get(field, "stop"))),
  Replace: (field) => replaceDecoder(readPattern(get(field, "pattern")), asString(get(field, "content"))),
  CTC: (field) =>
    ctcDecoder(
      asString(get(field, "pad_token")),
      asString(get(field, "word_delimiter_token")),
      asBoolean(get(field, "cleanup")),
    ),
};

export const readDecoder = (field: Field): Decoder => {
  const type = asString(get(field, "type"));
  return Object.hasOwn(readers, type) ? readers[type]!(field) : unsupported(field, "decoder", Object.keys(readers));
};
