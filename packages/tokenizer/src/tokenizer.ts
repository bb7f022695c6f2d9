import { fault, shown } from "@cramkit/errors";
import type { AddedToken } from "./added-tokens.ts";
import { type TokenBuffer, tokenBuffer } from "./chunks/token-buffer.ts";
import type { Decoder, Model } from "./components.ts";
import { checkEncodeOptions, checkText, type EncodeInput, type EncodeOptions } from "./encode-options.ts";
import { type Encoding, type PaddingOptions, padBatch, type TruncationOptions, truncatedLengths } from "./encoding.ts";
import type { TokenizerJson } from "./json/schema.ts";
import { refuseUnknown } from "./options.ts";
import { type Pipeline, textEncoder } from "./pipeline.ts";
import type { PostProcessor, TemplatePiece } from "./post-processors/template.ts";
import { trimOffsets } from "./post-processors/trim-offsets.ts";
import { alignedText, wellFormed } from "./text/aligned-text.ts";
import { codePointOffsets } from "./text/code-points.ts";

export interface Tokenizer {
  encode(text: string, options?: EncodeOptions): Encoding;
  encodePair(text: string, pair: string, options?: EncodeOptions): Encoding;
  encodeBatch(inputs: readonly EncodeInput[], options?: EncodeOptions): Encoding[];
  /** The ids of `encode` and nothing else, several times faster. */
  encodeIds(text: string, options?: EncodeOptions): Uint32Array;
  /** The text of the ids; ids that no token has are left out. */
  decode(ids: ArrayLike<number>, options?: { skipSpecialTokens?: boolean }): string;
  /** Number of tokens, the added ones included. */
  readonly vocabSize: number;
  /** One more than the largest id: rows that a table of embeddings needs. More than `vocabSize` if ids have holes. */
  readonly idLimit: number;
  tokenToId(token: string): number | undefined;
  idToToken(id: number): string | undefined;
  /** The contents of `tokenizer.json`. */
  toJSON(): TokenizerJson;
}

/** The parts that `tokenizer.json` names, ready to run. */
export interface TokenizerParts {
  addedTokens: readonly AddedToken[];
  pipeline: Pipeline;
  /** The same with special tokens as ordinary text, made when it is first asked for. */
  splittingPipeline: () => Pipeline;
  model: Model;
  postProcessor: PostProcessor;
  /**
   * Joins tokens to text.
   *
   * @defaultValue tokens are joined by spaces
   */
  decoder?: Decoder;
  /**
   * How long texts are shortened, unless a call says otherwise.
   *
   * @defaultValue none
   */
  truncation?: TruncationOptions;
  /**
   * How short texts are filled up, unless a call says otherwise.
   *
   * @defaultValue none
   */
  padding?: PaddingOptions;
  json: TokenizerJson;
}

const noOptions = {};

export const createTokenizer = (parts: TokenizerParts): Tokenizer => {
  const { model, addedTokens, postProcessor, decoder } = parts;
  const { normalizer } = parts.pipeline;
  const tokenize = textEncoder(parts.pipeline, model);
  let tokenizeSplitting: typeof tokenize | undefined;
  // One for each text of a pair, used again and again.
  const buffers = [tokenBuffer(), tokenBuffer()];
  const addedById = new Map(addedTokens.map((token) => [token.id, token]));
  const addedByContent = new Map(addedTokens.map((token) => [token.content, token.id]));
  const special = new Set(addedTokens.filter((token) => token.special).map((token) => token.content));
  const vocabSize =
    model.vocabSize + addedTokens.filter((token) => model.tokenToId(token.content) === undefined).length;
  const idToToken = (id: number) => addedById.get(id)?.content ?? model.idToToken(id);
  // What was normalized on the way in is decoded from its normalized form.
  const decodedById = new Map(
    addedTokens.map(({ id, content, normalized }) => [
      id,
      normalized && normalizer ? normalizer(alignedText(content)).text : content,
    ]),
  );

  const read = (text: string, i: number, splitSpecialTokens: boolean | undefined): TokenBuffer => {
    const out = buffers[i]!;
    out.count = 0;
    out.surfaces = undefined;
    if (splitSpecialTokens) tokenizeSplitting ??= textEncoder(parts.splittingPipeline(), model);
    (splitSpecialTokens ? tokenizeSplitting! : tokenize)(wellFormed(text), out);
    return out;
  };

  const encodeTexts = (texts: readonly string[], options: EncodeOptions): Encoding => {
    const lists = texts.map((text, i) => read(text, i, options.splitSpecialTokens));
    const template = templateFor(postProcessor, texts.length, options.addSpecialTokens ?? true);
    const kept = keptLengths(lists, template, options.truncation ?? parts.truncation);
    const fromLeft = (options.truncation || parts.truncation)?.direction === "left";
    const encoding: Encoding = {
      ids: [],
      typeIds: [],
      tokens: [],
      offsets: [],
      specialTokensMask: [],
      attentionMask: [],
    };
    for (const piece of template) {
      if ("sequence" in piece) {
        const list = lists[piece.sequence];
        if (!list) continue;
        const count = kept[piece.sequence];
        const start = fromLeft ? list.count - count : 0;
        const first = encoding.ids.length;
        appendTokens(
          encoding,
          list,
          start,
          start + count,
          piece.typeId,
          texts[piece.sequence]!,
          options.offsetUnit,
          idToToken,
        );
        if (postProcessor.trimOffsets) trimOffsets(encoding, first, postProcessor.trimOffsets.addPrefixSpace);
      } else appendSpecial(encoding, piece);
    }
    return encoding;
  };

  const encodeBatch = (inputs: readonly EncodeInput[], options: EncodeOptions = {}): Encoding[] => {
    checkEncodeOptions("encode", options);
    if (!Array.isArray(inputs)) {
      throw fault({
        code: "invalid-argument",
        place: "encodeBatch",
        problem: `expected an array of texts or pairs, got ${shown(inputs)}`,
        remedy: "write [text]",
        type: TypeError,
      });
    }
    for (const input of inputs as readonly unknown[]) {
      if (!Array.isArray(input)) checkText("encode", input);
      else if (input.length !== 2)
        throw fault({
          code: "invalid-argument",
          place: "encode",
          problem: `expected a pair of two texts, got ${shown(input)}`,
          remedy: "write [text, pair]",
          type: TypeError,
        });
      else for (const text of input) checkText("encode", text);
    }
    const encodings = inputs.map((input) => encodeTexts(typeof input === "string" ? [input] : input, options));
    const padding = options.padding ?? parts.padding;
    if (padding) padBatch(encodings, padding);
    return encodings;
  };

  return {
    vocabSize,
    idLimit: addedTokens.reduce((limit, { id }) => Math.max(limit, id + 1), model.idLimit),
    encodeBatch,
    idToToken,
    encode: (text, options) => encodeBatch([text], options)[0]!,
    encodePair: (text, pair, options) => encodeBatch([[text, pair]], options)[0]!,
    encodeIds(text, options = noOptions) {
      checkText("encodeIds", text);
      if (options !== noOptions) checkEncodeOptions("encodeIds", options);
      if (options.padding ?? parts.padding) return Uint32Array.from(encodeBatch([text], options)[0]!.ids);
      const list = read(text, 0, options.splitSpecialTokens);
      const template = templateFor(postProcessor, 1, options.addSpecialTokens ?? true);
      const truncation = options.truncation ?? parts.truncation;
      const [kept] = keptLengths([list], template, truncation);
      const start = truncation && truncation.direction === "left" ? list.count - kept : 0;
      return fillTemplate(template, list.ids.subarray(start, start + kept));
    },
    tokenToId: (token) => addedByContent.get(token) ?? model.tokenToId(token),
    decode(ids, options = noOptions) {
      refuseUnknown("decode", options, ["skipSpecialTokens"], { skip_special_tokens: "skipSpecialTokens" });
      if (typeof ids === "string" || typeof ids?.length !== "number") {
        throw fault({
          code: "invalid-argument",
          place: "decode",
          problem: `expected an array of ids, got ${shown(ids)}`,
          remedy: "write [id]",
          type: TypeError,
        });
      }
      const { skipSpecialTokens = true } = options as { skipSpecialTokens?: boolean };
      const tokens: string[] = [];
      for (let i = 0; i < ids.length; i++) {
        const token = decodedById.get(ids[i]!) ?? model.idToToken(ids[i]!);
        if (token !== undefined && !(skipSpecialTokens && special.has(token))) tokens.push(token);
      }
      return decoder ? decoder(tokens).join("") : tokens.join(" ");
    },
    toJSON: () => parts.json,
  };
};

/** The pieces of an encoding of so many texts. */
export const templateFor = (
  post: PostProcessor,
  texts: number,
  addSpecialTokens: boolean,
): readonly TemplatePiece[] => {
  const template = texts === 2 ? post.pair : post.single;
  return addSpecialTokens ? template : template.filter((piece) => "sequence" in piece);
};

const keptLengths = (
  lists: readonly TokenBuffer[],
  template: readonly TemplatePiece[],
  truncation: TruncationOptions | false | undefined,
): [number, number] => {
  const a = lists[0]!.count;
  const b = lists[1]?.count;
  if (!truncation) return [a, b ?? 0];
  const added = template.reduce((sum, piece) => sum + ("sequence" in piece ? 0 : piece.ids.length), 0);
  const room = truncation.maxLength - added;
  if (!(room >= 0)) {
    throw fault({
      code: "invalid-argument",
      place: "encode",
      problem: `expected truncation.maxLength of at least ${added}, the tokens of the template, got ${truncation.maxLength}`,
      remedy: "raise it",
      type: RangeError,
    });
  }
  return truncatedLengths(b === undefined ? [a] : [a, b], room, truncation.strategy);
};

/** The ids of a single text in their template. */
export const fillTemplate = (template: readonly TemplatePiece[], ids: Uint32Array): Uint32Array => {
  const lengthOf = (piece: TemplatePiece) =>
    "ids" in piece ? piece.ids.length : piece.sequence === 0 ? ids.length : 0;
  const out = new Uint32Array(template.reduce((sum, piece) => sum + lengthOf(piece), 0));
  let at = 0;
  for (const piece of template) {
    out.set("ids" in piece ? piece.ids : piece.sequence === 0 ? ids : [], at);
    at += lengthOf(piece);
  }
  return out;
};

const appendTokens = (
  encoding: Encoding,
  list: TokenBuffer,
  start: number,
  end: number,
  typeId: number,
  text: string,
  unit: EncodeOptions["offsetUnit"],
  idToToken: (id: number) => string | undefined,
): void => {
  const index = unit === "utf16" ? undefined : codePointOffsets(text);
  for (let i = start; i < end; i++) {
    const id = list.ids[i]!;
    const from = list.starts[i]!;
    const to = list.ends[i]!;
    encoding.ids.push(id);
    encoding.typeIds.push(typeId);
    encoding.tokens.push(list.surfaces?.get(i) ?? idToToken(id)!);
    encoding.offsets.push(index ? [index[from]!, index[to]!] : [from, to]);
    encoding.specialTokensMask.push(0);
    encoding.attentionMask.push(1);
  }
};

const appendSpecial = (
  encoding: Encoding,
  piece: { ids: readonly number[]; tokens: readonly string[]; typeId: number },
): void => {
  piece.ids.forEach((id, i) => {
    encoding.ids.push(id);
    encoding.typeIds.push(piece.typeId);
    encoding.tokens.push(piece.tokens[i]!);
    encoding.offsets.push([0, 0]);
    encoding.specialTokensMask.push(1);
    encoding.attentionMask.push(1);
  });
};
