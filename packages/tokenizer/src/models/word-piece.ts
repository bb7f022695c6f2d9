import { fault } from "@cramkit/errors";
import type { Model } from "../components.ts";
import { buildTrie, NONE, ROOT, step, valueAt } from "./trie.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface WordPieceOptions {
  vocab: Vocabulary;
  unkToken: string;
  continuingSubwordPrefix: string;
  maxInputCharsPerWord: number;
}

/** Greedy longest match first; a word that cannot be covered, or is too long, becomes the unknown token. */
export const wordPiece = ({
  vocab,
  unkToken,
  continuingSubwordPrefix,
  maxInputCharsPerWord,
}: WordPieceOptions): Model => {
  const tokens = [...vocab.ids.keys()];
  const trie = buildTrie(tokens, [...vocab.ids.values()]);
  let continuation = ROOT;
  for (let i = 0; i < continuingSubwordPrefix.length && continuation !== NONE; i++) {
    continuation = step(trie, continuation, continuingSubwordPrefix.charCodeAt(i));
  }
  const unknown = vocab.ids.get(unkToken);
  const unknownId = (): number => {
    if (unknown !== undefined) return unknown;
    throw fault({
      code: "invalid-input",
      place: "encode",
      problem: `the vocabulary lacks its unknown token ${JSON.stringify(unkToken)}`,
      remedy: "add it to model.vocab",
      type: RangeError,
    });
  };

  return {
    vocabSize: vocab.size,
    idLimit: vocab.tokens.length,
    tokenToId: (token) => vocab.ids.get(token),
    idToToken: (id) => vocab.tokens[id],
    tokenize(piece, out) {
      const first = out.ids.length;
      let start = 0;
      // A word has at most two units a character, so most need no counting.
      if (piece.length > maxInputCharsPerWord && countCodePoints(piece) > maxInputCharsPerWord) start = NONE;
      while (start !== NONE && start < piece.length) {
        let node = start === 0 ? ROOT : continuation;
        let id = NONE;
        let end = start;
        for (let i = start; i < piece.length && node !== NONE; ) {
          node = step(trie, node, piece.charCodeAt(i++));
          if (node === NONE) break;
          const value = valueAt(trie, node);
          if (value !== NONE) {
            id = value;
            end = i;
          }
        }
        if (id === NONE) {
          start = NONE;
        } else {
          out.ids.push(id);
          out.starts.push(start);
          out.ends.push(end);
          start = end;
        }
      }
      if (start !== NONE) return;
      out.ids.length = out.starts.length = out.ends.length = first;
      out.ids.push(unknownId());
      out.starts.push(0);
      out.ends.push(piece.length);
    },
    tokenizeCodes(codes, length, ids) {
      const first = ids.length;
      if (length <= maxInputCharsPerWord) {
        let start = 0;
        while (start < length) {
          let node = start === 0 ? ROOT : continuation;
          let id = NONE;
          let end = start;
          for (let i = start; i < length && node !== NONE; ) {
            node = step(trie, node, codes[i++]!);
            if (node === NONE) break;
            const value = valueAt(trie, node);
            if (value !== NONE) {
              id = value;
              end = i;
            }
          }
          if (id === NONE) break;
          ids.push(id);
          start = end;
        }
        if (start >= length) return;
      }
      ids.length = first;
      ids.push(unknownId());
    },
  };
};

const countCodePoints = (text: string): number => {
  let count = text.length;
  for (let i = 1; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xdc00 && unit < 0xe000) count--;
  }
  return count;
};
