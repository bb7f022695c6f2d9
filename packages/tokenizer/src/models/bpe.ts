import { fault } from "@cramkit/errors";
import type { Model, TokenList } from "../components.ts";
import { mergeSymbols, type Symbols } from "./bpe-merge.ts";
import { type PairMap, pairMap } from "./pair-map.ts";
import { byteTokens } from "./unigram.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface BpeOptions {
  vocab: Vocabulary;
  merges: readonly (readonly [left: string, right: string])[];
  /**
   * The token of unknown characters.
   *
   * @defaultValue unknown characters are left out
   */
  unkToken?: string;
  continuingSubwordPrefix: string;
  endOfWordSuffix: string;
  /** Neighbouring unknown characters are one token. */
  fuseUnk: boolean;
  byteFallback: boolean;
  /** A piece that is a token is that token, whatever the merges say. */
  ignoreMerges: boolean;
}

/** Merges by rank; the id of a merge is that of its token. Throws if a merge names a token that is missing. */
const mergeTable = ({ vocab, merges, continuingSubwordPrefix }: BpeOptions): PairMap => {
  const table = pairMap(merges.length);
  merges.forEach(([left, right], rank) => {
    const idOf = (token: string) => {
      const id = vocab.ids.get(token);
      if (id === undefined) {
        throw fault({
          code: "damaged-file",
          place: "tokenizer.json",
          problem: `expected tokens of model.vocab at model.merges[${rank}], got ${JSON.stringify(token)}`,
          remedy: "the file is damaged",
          type: RangeError,
        });
      }
      return id;
    };
    table.set(idOf(left), idOf(right), rank, idOf(left + right.slice(continuingSubwordPrefix.length)));
  });
  return table;
};

export const bpe = (options: BpeOptions): Model => {
  const { vocab, unkToken, continuingSubwordPrefix, endOfWordSuffix, fuseUnk, ignoreMerges } = options;
  const merges = mergeTable(options);
  const byteIds = options.byteFallback ? byteTokens(vocab.ids) : undefined;
  const encoder = new TextEncoder();

  const unknownId = () => {
    const id = vocab.ids.get(unkToken!);
    if (id === undefined) {
      throw fault({
        code: "invalid-input",
        place: "encode",
        problem: `the vocabulary lacks its unknown token ${JSON.stringify(unkToken)}`,
        remedy: "add it to model.vocab",
        type: RangeError,
      });
    }
    return id;
  };

  /** With `inBytes` the widths are UTF-8 bytes instead of units. Undefined if a character was left out. */
  const spell = (piece: string, inBytes: boolean): Symbols | undefined => {
    const out: Symbols = { ids: [], widths: [] };
    let fusing = false;
    for (let i = 0; i < piece.length; ) {
      const code = piece.codePointAt(i)!;
      const width = inBytes ? utf8Length(code) : code > 0xffff ? 2 : 1;
      const end = i + (code > 0xffff ? 2 : 1);
      const prefix = i === 0 ? "" : continuingSubwordPrefix;
      const text = prefix + piece.slice(i, end) + (end === piece.length ? endOfWordSuffix : "");
      i = end;
      const id = vocab.ids.get(text);
      const bytes = id === undefined && byteIds ? Array.from(encoder.encode(text), (byte) => byteIds[byte]) : undefined;
      if (id !== undefined) {
        out.ids.push(id);
        out.widths.push(width);
        fusing = false;
      } else if (bytes && !bytes.includes(undefined)) {
        // All bytes of a character cover it; widths of 0 keep the count right.
        bytes.forEach((byte, k) => {
          out.ids.push(byte!);
          out.widths.push(k === 0 ? width : 0);
        });
        fusing = false;
      } else if (unkToken !== undefined) {
        if (fusing && fuseUnk) out.widths[out.widths.length - 1]! += width;
        else {
          out.ids.push(unknownId());
          out.widths.push(width);
        }
        fusing = true;
      } else if (!inBytes) return undefined;
    }
    return out;
  };

  return {
    vocabSize: vocab.size,
    idLimit: vocab.tokens.length,
    tokenToId: (token) => vocab.ids.get(token),
    idToToken: (id) => vocab.tokens[id],
    tokenize(piece, out) {
      const whole = ignoreMerges ? vocab.ids.get(piece) : undefined;
      if (whole !== undefined) return emit({ ids: [whole], widths: [piece.length] }, out);
      const symbols = spell(piece, false);
      if (symbols) return emit(mergeSymbols(symbols, merges), out);
      emitShifted(mergeSymbols(spell(piece, true)!, merges), piece, out);
    },
  };
};

const emit = ({ ids, widths }: Symbols, out: TokenList): void => {
  let start = 0;
  let previous = 0;
  ids.forEach((id, i) => {
    const width = widths[i]!;
    out.ids.push(id);
    out.starts.push(width === 0 ? previous : start);
    out.ends.push(start + width);
    if (width > 0) previous = start;
    start += width;
  });
};

const utf8Length = (code: number) => (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);

/**
 * Without an unknown token, characters that no token has are left out, and Hugging Face counts the bytes of what is left
 * from the beginning of the piece. The offsets are then off, but they are the same.
 */
const emitShifted = (symbols: Symbols, piece: string, out: TokenList): void => {
  const startOf: number[] = [];
  const endOf: number[] = [];
  for (let i = 0; i < piece.length; ) {
    const code = piece.codePointAt(i)!;
    const end = i + (code > 0xffff ? 2 : 1);
    for (let k = utf8Length(code); k > 0; k--) {
      startOf.push(i);
      endOf.push(end);
    }
    i = end;
  }
  let at = 0;
  symbols.ids.forEach((id, i) => {
    const end = at + symbols.widths[i]!;
    out.ids.push(id);
    out.starts.push(startOf[at]!);
    out.ends.push(endOf[end - 1]!);
    at = end;
  });
};
