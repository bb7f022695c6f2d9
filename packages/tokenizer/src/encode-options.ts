import { fault, shown } from "@cramkit/errors";
import type { PaddingOptions, TruncationOptions } from "./encoding.ts";
import { checkOneOf, checkWhole, refuseUnknown } from "./options.ts";

export interface EncodeOptions {
  /**
   * Add what the template says, such as a separator.
   *
   * @defaultValue `true`
   */
  addSpecialTokens?: boolean;
  /**
   * How long texts are shortened; `false` leaves them long.
   *
   * @defaultValue what the tokenizer was saved with
   */
  truncation?: TruncationOptions | false;
  /**
   * How short texts are filled up; `false` leaves them short.
   *
   * @defaultValue what the tokenizer was saved with
   */
  padding?: PaddingOptions | false;
  /**
   * Special tokens that are written in the text, such as `<mask>` in a document about models, are ordinary text.
   * @defaultValue false: they are the tokens
   */
  splitSpecialTokens?: boolean;
  /**
   * Unit of the offsets: code points, as Hugging Face has them, or UTF-16 units, as `text.slice` wants them.
   *
   * @defaultValue `"code-point"`
   */
  offsetUnit?: "code-point" | "utf16";
}

/** One text, or two. */
export type EncodeInput = string | readonly [string, string];

const encodeOptions = ["addSpecialTokens", "truncation", "padding", "splitSpecialTokens", "offsetUnit"];

/** What other libraries call them, and where ours are. */
const instead = {
  maxLength: "truncation: { maxLength: 128 }",
  max_length: "truncation: { maxLength: 128 }",
  maxTokens: "truncation: { maxLength: 128 }",
  add_special_tokens: "addSpecialTokens",
  pad_to_multiple_of: 'padding: { length: "longest", multipleOf: 8 }',
  split_special_tokens: "splitSpecialTokens",
  textPair: "encodePair(text, pair)",
  text_pair: "encodePair(text, pair)",
};

/** More tokens than any text has that fits into a string. */
const MAX_LENGTH = 0xffffff;

const directions = ["right", "left"];

/** @throws TypeError for options that do not exist, RangeError for values that make no sense */
export const checkEncodeOptions = (where: string, options: EncodeOptions): void => {
  refuseUnknown(where, options, encodeOptions, instead);
  if (options.truncation !== undefined && options.truncation !== false) checkTruncation(where, options.truncation);
  if (options.padding !== undefined && options.padding !== false) checkPadding(where, options.padding);
  for (const name of ["addSpecialTokens", "splitSpecialTokens"] as const)
    checkOneOf(where, name, options[name], [true, false]);
  checkOneOf(where, "offsetUnit", options.offsetUnit, ["code-point", "utf16"]);
};

const checkTruncation = (where: string, truncation: TruncationOptions): void => {
  refuseUnknown(`${where}: truncation`, truncation, ["maxLength", "strategy", "direction"], {
    max_length: "maxLength",
  });
  if (truncation.maxLength === undefined)
    throw fault({
      code: "invalid-argument",
      place: where,
      problem: "expected truncation.maxLength, got nothing",
      remedy: "write truncation: { maxLength: 128 }",
      type: TypeError,
    });
  checkWhole(where, "truncation.maxLength", truncation.maxLength, 0, 0x7fffffff);
  checkOneOf(where, "truncation.strategy", truncation.strategy, ["longest-first", "only-first", "only-second"]);
  checkOneOf(where, "truncation.direction", truncation.direction, directions);
};

const checkPadding = (where: string, padding: PaddingOptions): void => {
  refuseUnknown(`${where}: padding`, padding, ["length", "multipleOf", "direction", "id", "token", "typeId"], {
    maxLength: "length",
    max_length: "length",
  });
  if (padding.length === undefined)
    throw fault({
      code: "invalid-argument",
      place: where,
      problem: "expected padding.length, got nothing",
      remedy: 'write padding: { length: "longest" }',
      type: TypeError,
    });
  if (padding.length !== "longest") checkWhole(where, "padding.length", padding.length, 0, MAX_LENGTH);
  checkWhole(where, "padding.multipleOf", padding.multipleOf, 0, MAX_LENGTH);
  checkWhole(where, "padding.id", padding.id, 0, 0xffffffff);
  checkWhole(where, "padding.typeId", padding.typeId, 0, 0xffffffff);
  checkOneOf(where, "padding.direction", padding.direction, directions);
};

/** @throws TypeError if `text` is not a string */
export function checkText(where: string, text: unknown): asserts text is string {
  if (typeof text !== "string")
    throw fault({
      code: "invalid-argument",
      place: where,
      problem: `expected a text, got ${shown(text)}`,
      remedy: "pass a string",
      type: TypeError,
    });
}
