import { fault } from "@cramkit/errors";
import type { Model, TokenList } from "../components.ts";
import { buildTrie, NONE, ROOT, step, valueAt } from "./trie.ts";

export interface UnigramOptions {
  /** Tokens with their log-probabilities; the index is the id. */
  pieces: readonly (readonly [string, number])[];
  unkId: number | undefined;
  byteFallback: boolean;
}

/** How much less probable an unknown character is than the least probable token. */
const UNKNOWN_PENALTY = 10;

/** The most probable segmentation (Viterbi). Neighbouring unknown characters are one token. */
export const unigram = ({ pieces, unkId, byteFallback }: UnigramOptions): Model => {
  const ids = new Map(pieces.map(([token], id) => [token, id]));
  const scores = Float64Array.from(pieces, ([, score]) => score);
  const trie = buildTrie([...ids.keys()], [...ids.values()]);
  const unknownScore =
    scores.reduce((least, score) => Math.min(least, score), Number.POSITIVE_INFINITY) - UNKNOWN_PENALTY;
  const byteIds = byteFallback ? byteTokens(ids) : undefined;
  const encoder = new TextEncoder();

  const unknown = (surface: string, start: number, end: number, out: TokenList) => {
    const bytes = byteIds && Array.from(encoder.encode(surface), (byte) => byteIds[byte]);
    if (bytes && !bytes.includes(undefined)) {
      for (const id of bytes) push(out, id!, start, end);
      return;
    }
    if (unkId === undefined)
      throw fault({
        code: "invalid-input",
        place: "encode",
        problem: "the text has characters that no token has, and model.unk_id is not set",
        remedy: "set it",
        type: RangeError,
      });
    (out.surfaces ??= new Map()).set(out.ids.length, surface);
    push(out, unkId, start, end);
  };

  return {
    vocabSize: pieces.length,
    idLimit: pieces.length,
    tokenToId: (token) => ids.get(token),
    idToToken: (id) => pieces[id]?.[0],
    tokenize(piece, out) {
      const size = piece.length;
      const best = new Float64Array(size + 1);
      const from = new Int32Array(size + 1).fill(NONE);
      const tokenAt = new Int32Array(size + 1).fill(NONE);
      for (let start = 0; start < size; ) {
        const width = piece.codePointAt(start)! > 0xffff ? 2 : 1;
        const before = best[start]!;
        let single = false;
        let node = ROOT;
        for (let i = start; i < size; ) {
          node = step(trie, node, piece.charCodeAt(i++));
          if (node === NONE) break;
          const id = valueAt(trie, node);
          if (id === NONE) continue;
          if (i - start === width) single = true;
          const score = before + scores[id]!;
          if (from[i] === NONE || score > best[i]!) {
            best[i] = score;
            from[i] = start;
            tokenAt[i] = id;
          }
        }
        const end = start + width;
        if (!single && (from[end] === NONE || before + unknownScore > best[end]!)) {
          best[end] = before + unknownScore;
          from[end] = start;
          tokenAt[end] = unkId ?? NONE;
        }
        start = end;
      }
      const path: number[] = [];
      for (let end = size; end > 0; end = from[end]!) path.push(end);
      path.reverse();
      for (let k = 0, start = 0; k < path.length; k++) {
        let end = path[k]!;
        const id = tokenAt[end]!;
        const isUnknown = id === (unkId ?? NONE);
        while (isUnknown && k + 1 < path.length && tokenAt[path[k + 1]!] === id) end = path[++k]!;
        const surface = isUnknown ? piece.slice(start, end) : "";
        const known = isUnknown ? ids.get(surface) : id;
        if (known === undefined) unknown(surface, start, end, out);
        else push(out, known, start, end);
        start = end;
      }
    },
  };
};

const push = (out: TokenList, id: number, start: number, end: number): void => {
  out.ids.push(id);
  out.starts.push(start);
  out.ends.push(end);
};

/** Ids of `<0x00>` to `<0xFF>`, if the vocabulary has them. */
export const byteTokens = (ids: ReadonlyMap<string, number>) =>
  Array.from({ length: 256 }, (_, byte) => ids.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`));
