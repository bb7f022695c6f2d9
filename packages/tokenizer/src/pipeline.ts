import { type AddedToken, type AddedTokenFinder, addedTokenFinder, type Segment } from "./added-tokens.ts";
import { chunkEncoder } from "./chunks/chunk-encoder.ts";
import { type ChunkRule, chunkRule } from "./chunks/chunk-rule.ts";
import { type PlainCharacters, plainCharacters } from "./chunks/plain-chunks.ts";
import { reserve, type TokenBuffer } from "./chunks/token-buffer.ts";
import type { Model, Normalizer, PreTokenizer, TokenList } from "./components.ts";
import { root } from "./json/field.ts";
import { readNormalizer } from "./json/normalizer.ts";
import { readPreTokenizer } from "./json/pre-tokenizer.ts";
import type { Component } from "./json/schema.ts";
import { type AlignedText, alignedText, originalEnd, originalStart, sliceText } from "./text/aligned-text.ts";

/** What happens to a text before the model sees it. */
export interface Pipeline {
  /**
   * What is done to text before it is cut.
   *
   * @defaultValue text stays as it is
   */
  readonly normalizer?: Normalizer;
  /**
   * Finds added tokens in the text as it is.
   *
   * @defaultValue there are none
   */
  readonly finder?: AddedTokenFinder;
  /** Normalizes and splits text that holds none of them. */
  readPieces(text: AlignedText): Piece[];
  /**
   * Where text without added tokens may be cut into chunks.
   *
   * @defaultValue unknown: text is not cut
   */
  readonly rule?: ChunkRule;
  /**
   * What becomes of chunks of letters and digits.
   *
   * @defaultValue unknown: they go through all steps
   */
  readonly plain?: PlainCharacters;
}

/** What the model is to see, or an added token with the text that it covers. */
interface Piece {
  text: AlignedText;
  token?: AddedToken;
}

export interface PipelineOptions {
  addedTokens: readonly AddedToken[];
  /**
   * Special tokens that are written in the text are ordinary text.
   *
   * @defaultValue `false`: they are the tokens
   */
  splitSpecialTokens?: boolean;
  normalizer: Component | null;
  preTokenizer: Component | null;
}

export const createPipeline = (options: PipelineOptions): Pipeline => {
  const { addedTokens, splitSpecialTokens } = options;
  const normalizer = options.normalizer ? readNormalizer(root(options.normalizer, "normalizer")) : undefined;
  const preTokenizer = options.preTokenizer ? readPreTokenizer(root(options.preTokenizer, "pre_tokenizer")) : undefined;
  const plain = addedTokens.filter((token) => !token.normalized);
  const look = (content: string) => (normalizer ? normalizer(alignedText(content)).text : content);
  const normalized = addedTokens
    .filter((token) => token.normalized)
    .map((token) => ({ token, pattern: look(token.content) }))
    .filter(({ pattern }) => pattern !== "");
  const finder = addedTokenFinder(
    plain,
    plain.map((token) => token.content),
    splitSpecialTokens,
  );
  const normalizedFinder = addedTokenFinder(
    normalized.map(({ token }) => token),
    normalized.map(({ pattern }) => pattern),
    splitSpecialTokens,
  );
  return {
    normalizer,
    finder,
    readPieces: pieceReader(normalizer, normalizedFinder, preTokenizer),
    ...(!normalizedFinder && {
      rule: chunkRule(options.normalizer, options.preTokenizer),
      plain: plainCharacters(options.normalizer, options.preTokenizer, normalizer),
    }),
  };
};

const pieceReader = (normalizer?: Normalizer, finder?: AddedTokenFinder, preTokenizer?: PreTokenizer) => {
  const split = (text: AlignedText) => (preTokenizer ? preTokenizer(text) : [text]);
  return (original: AlignedText): Piece[] => {
    const text = normalizer ? normalizer(original) : original;
    const pieces: Piece[] = finder?.mayMatch(text.text)
      ? finder.segments(text.text).map(({ start, end, token }) => ({ text: sliceText(text, start, end), token }))
      : [{ text }];
    return pieces
      .flatMap((piece) => (piece.token ? [piece] : split(piece.text).map((part): Piece => ({ text: part }))))
      .filter((piece) => piece.text.text !== "");
  };
};

/** Calls `visit` for the parts of `text` between the added tokens, and for these. */
export const eachSegment = (
  text: string,
  finder: AddedTokenFinder | undefined,
  visit: (segment: Segment) => void,
): void => {
  if (finder?.mayMatch(text)) finder.segments(text).forEach(visit);
  else if (text !== "") visit({ start: 0, end: text.length });
};

/** Appends the tokens of a text, with offsets in its UTF-16 units. */
export const textEncoder = (pipeline: Pipeline, model: Model): ((text: string, out: TokenBuffer) => void) => {
  const encode = chunkEncoder(pieceTokenizer(pipeline, model), pipeline.rule);
  return (text, out) => {
    eachSegment(text, pipeline.finder, ({ start, end, token }) => {
      if (!token) return encode(text, start, end, out);
      const surface = text.slice(start, end);
      if (surface !== token.content) (out.surfaces ??= new Map()).set(out.count, surface);
      reserve(out, 1);
      out.ids[out.count] = token.id;
      out.starts[out.count] = start;
      out.ends[out.count++] = end;
    });
  };
};

/** Appends the tokens of a text without added tokens, as one piece after the other. */
export const pieceTokenizer =
  ({ readPieces }: Pipeline, model: Model) =>
  (original: AlignedText, out: TokenList): void => {
    for (const { text, token } of readPieces(original)) {
      const first = out.ids.length;
      if (token) {
        if (text.text !== token.content) (out.surfaces ??= new Map()).set(first, text.text);
        out.ids.push(token.id);
        out.starts.push(0);
        out.ends.push(text.text.length);
      } else model.tokenize(text.text, out);
      for (let i = first; i < out.ids.length; i++) {
        out.starts[i] = originalStart(text, out.starts[i]!);
        out.ends[i] = originalEnd(text, out.ends[i]!);
      }
    }
  };
