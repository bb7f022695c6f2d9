import { type AddedToken, type AddedTokenFinder, addedTokenFinder } from "./added-tokens";
import type { Model, TokenList } from "./models/model";
import type { Normalizer } from "./normalizers/normalizer";
import type { PreTokenizer } from "./pre-tokenizers/pre-tokenizer";
import { type AlignedText, alignedText, originalEnd, originalStart, sliceText } from "./text/aligned-text";

export interface Pipeline {
  addedTokens: readonly AddedToken[];
  normalizer?: Normalizer;
  preTokenizer?: PreTokenizer;
  model: Model;
}

/** The pieces of a text in order: what the model is to see, or an added token with the text that it covers. */
export type Piece = { text: AlignedText; token?: AddedToken };

/** Normalizes and splits; the steps before the model, for encoding and training alike. */
export function pieceReader({ addedTokens, normalizer, preTokenizer }: Omit<Pipeline, "model">) {
  const plain = addedTokens.filter((token) => !token.normalized);
  const normalized = addedTokens.filter((token) => token.normalized);
  const findPlain = addedTokenFinder(
    plain,
    plain.map((token) => token.content),
  );
  const look = (content: string) => (normalizer ? normalizer(alignedText(content)).text : content);
  const found = normalized
    .map((token) => ({ token, pattern: look(token.content) }))
    .filter(({ pattern }) => pattern !== "");
  const findNormalized = addedTokenFinder(
    found.map(({ token }) => token),
    found.map(({ pattern }) => pattern),
  );

  const cut = (pieces: Piece[], finder: AddedTokenFinder | undefined) =>
    finder
      ? pieces.flatMap((piece): Piece[] =>
          piece.token || !finder.mayMatch(piece.text.text)
            ? [piece]
            : finder
                .segments(piece.text.text)
                .map(({ start, end, token }) => ({ text: sliceText(piece.text, start, end), token })),
        )
      : pieces;

  /** Reads units `start..end` of `original`. */
  return (original: AlignedText): Piece[] => {
    let pieces: Piece[] = cut([{ text: original }], findPlain);
    if (normalizer) pieces = pieces.map((piece) => (piece.token ? piece : { text: normalizer(piece.text) }));
    pieces = cut(pieces, findNormalized);
    if (preTokenizer) {
      pieces = pieces.flatMap((piece) => (piece.token ? [piece] : preTokenizer(piece.text).map((text) => ({ text }))));
    }
    return pieces.filter((piece) => piece.text.text !== "");
  };
}

/** Appends the tokens of `original` with offsets in its UTF-16 units. */
export function tokenizeWith(readPieces: (text: AlignedText) => Piece[], model: Model) {
  return (original: AlignedText, out: TokenList): void => {
    for (const { text, token } of readPieces(original)) {
      if (token) {
        if (text.text !== token.content) (out.surfaces ??= new Map()).set(out.ids.length, text.text);
        out.ids.push(token.id);
        out.starts.push(originalStart(text, 0));
        out.ends.push(originalEnd(text, text.text.length));
        continue;
      }
      const first = out.ids.length;
      model.tokenize(text.text, out);
      for (let i = first; i < out.ids.length; i++) {
        out.starts[i] = originalStart(text, out.starts[i]!);
        out.ends[i] = originalEnd(text, out.ends[i]!);
      }
    }
  };
}
