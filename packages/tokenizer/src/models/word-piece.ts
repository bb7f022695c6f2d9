import type { Model } from "../components.ts";
import { buildTrie, NONE, ROOT, step } from "./trie.ts";
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
          if (node !== NONE && trie.value[node] !== NONE) {
            id = trie.value[node]!;
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
      if (unknown === undefined) {
        throw new RangeError(
          `encode: the vocabulary lacks its unknown token ${JSON.stringify(unkToken)}; add it to model.vocab`,
        );
      }
      out.ids.length = out.starts.length = out.ends.length = first;
      out.ids.push(unknown);
      out.starts.push(0);
      out.ends.push(piece.length);
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
