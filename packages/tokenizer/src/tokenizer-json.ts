import { fault, problemOf } from "@cramkit/errors";
import type { AddedToken } from "./added-tokens.ts";
import type { Model } from "./components.ts";
import type { PaddingOptions, TruncationOptions } from "./encoding.ts";
import { readDecoder } from "./json/decoder.ts";
import {
  asBoolean,
  asCount,
  asOneOf,
  asString,
  asToken,
  type Field,
  fail,
  get,
  items,
  optional,
  root,
} from "./json/field.ts";
import { LargeInteger } from "./json/large-integer.ts";
import { readModel } from "./json/model.ts";
import { readPostProcessor } from "./json/post-processor.ts";
import type { Component, TokenizerJson } from "./json/schema.ts";
import { createPipeline } from "./pipeline.ts";
import { plainPostProcessor } from "./post-processors/template.ts";
import { createTokenizer, type Tokenizer, type TokenizerParts } from "./tokenizer.ts";

/** Loads a `tokenizer.json`, given as its text or parsed. Whatever is not understood is refused by name. */
export const tokenizerFromJson = (json: string | object): Tokenizer => {
  if (typeof json !== "string") return readDocument(json);
  const document = parse(json);
  try {
    return readDocument(document);
  } catch (error) {
    // The complaint may be of an integer that a number cannot hold. It is to show its digits.
    if (/\d{16}/.test(json)) readDocument(withLargeIntegers(json));
    throw error;
  }
};

const readDocument = (json: unknown): Tokenizer => createTokenizer(readParts(json));

/** The parts of a `tokenizer.json`, ready to run. */
export const readParts = (json: unknown): TokenizerParts => {
  const document = root(json, "");
  if (asString(get(document, "version")) !== "1.0") fail(get(document, "version"), '"1.0"', "convert the file");
  const model = readModel(get(document, "model"));
  const addedTokens = readAddedTokens(get(document, "added_tokens"), model);
  const components = {
    addedTokens,
    normalizer: optional(get(document, "normalizer"), asComponent, null),
    preTokenizer: optional(get(document, "pre_tokenizer"), asComponent, null),
  };
  return {
    model,
    addedTokens,
    pipeline: createPipeline(components),
    splittingPipeline: () => createPipeline({ ...components, splitSpecialTokens: true }),
    postProcessor: optional(get(document, "post_processor"), readPostProcessor, plainPostProcessor),
    decoder: optional(get(document, "decoder"), readDecoder, undefined),
    truncation: optional(get(document, "truncation"), readTruncation, undefined),
    padding: optional(get(document, "padding"), readPadding, undefined),
    json: document.value as TokenizerJson,
  };
};

/** Its settings are checked where it is read. */
const asComponent = (field: Field): Component => ({ ...(field.value as object), type: asString(get(field, "type")) });

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw fault({
      code: "invalid-input",
      place: "tokenizerFromJson",
      problem: `expected a JSON document, got ${text.length} characters that are not: ${problemOf(error)}`,
      remedy: "is the file complete?",
      type: SyntaxError,
      cause: error,
    });
  }
};

/** The document with integers beyond 2^53 in their digits. */
const withLargeIntegers = (text: string): unknown => {
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (part) =>
    /^-?\d{16,}$/.test(part) && !Number.isSafeInteger(Number(part)) ? `{"\\u0000":"${part}"}` : part,
  );
  return JSON.parse(marked, (_, value) => (typeof value?.["\0"] === "string" ? new LargeInteger(value["\0"]) : value));
};

const readAddedTokens = (field: Field, model: Model): AddedToken[] => {
  const seen = new Map<string, string>();
  let next = model.vocabSize;
  const read = optional(field, items, [] as Field[]).map((entry) => {
    const content = get(entry, "content");
    const text = asToken(content);
    if (text === "") fail(content, "a token that is not empty");
    if (seen.has(text)) fail(content, "a token that is not there yet", `${seen.get(text)} is the same`);
    seen.set(text, content.path);
    return {
      id: asCount(get(entry, "id")),
      content: text,
      single_word: asBoolean(get(entry, "single_word")),
      lstrip: asBoolean(get(entry, "lstrip")),
      rstrip: asBoolean(get(entry, "rstrip")),
      normalized: asBoolean(get(entry, "normalized")),
      special: asBoolean(get(entry, "special")),
      path: entry.path,
    };
  });
  return read.map(({ path, ...token }) => {
    // Tokens that the model has keep its id; the others are numbered on from its size, in order.
    const id = model.tokenToId(token.content) ?? next++;
    if (id !== token.id)
      fail({ value: token.id, path: `${path}.id` }, `the id ${id}`, "added tokens follow the vocabulary of the model");
    return token;
  });
};

const directions = { Right: "right", Left: "left" } as const;
const strategies = { LongestFirst: "longest-first", OnlyFirst: "only-first", OnlySecond: "only-second" } as const;
const keys = <T extends object>(object: T) => Object.keys(object) as (keyof T & string)[];

const readTruncation = (field: Field): TruncationOptions => {
  const stride = get(field, "stride");
  if (optional(stride, asCount, 0) > 0) fail(stride, "0", "overlapping windows are not supported");
  return {
    maxLength: asCount(get(field, "max_length")),
    strategy: strategies[asOneOf(get(field, "strategy"), keys(strategies))],
    direction: directions[optional(get(field, "direction"), (f) => asOneOf(f, keys(directions)), "Right" as const)],
  };
};

/** The padding that a tokenizer was saved with. */
export const readPaddingOf = (json: TokenizerJson) => optional(root(json.padding, "padding"), readPadding, undefined);

const readPadding = (field: Field): PaddingOptions => {
  const strategy = get(field, "strategy");
  return {
    length: strategy.value === "BatchLongest" ? "longest" : asCount(get(strategy, "Fixed"), 0xffffff),
    multipleOf: optional(get(field, "pad_to_multiple_of"), (f) => asCount(f, 0xffffff), undefined),
    direction: directions[asOneOf(get(field, "direction"), keys(directions))],
    id: asCount(get(field, "pad_id")),
    token: asString(get(field, "pad_token")),
    typeId: asCount(get(field, "pad_type_id")),
  };
};
