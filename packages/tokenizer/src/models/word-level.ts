import { fault } from "@cramkit/errors";
import type { Model } from "../components.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** A word is a token or unknown. */
export const wordLevel = (vocab: Vocabulary, unkToken: string): Model => ({
  vocabSize: vocab.size,
  idLimit: vocab.tokens.length,
  tokenToId: (token) => vocab.ids.get(token),
  idToToken: (id) => vocab.tokens[id],
  tokenize(piece, out) {
    const id = vocab.ids.get(piece) ?? vocab.ids.get(unkToken);
    if (id === undefined) {
      throw fault({
        code: "invalid-input",
        place: "encode",
        problem: `the vocabulary lacks its unknown token ${JSON.stringify(unkToken)}`,
        remedy: "add it to model.vocab",
        type: RangeError,
      });
    }
    out.ids.push(id);
    out.starts.push(0);
    out.ends.push(piece.length);
  },
});
