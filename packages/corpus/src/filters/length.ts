import { checkOptions } from "@cramkit/errors";
import { createFilter, type DecidingFilter } from "./filter.ts";

export interface LengthOptions {
  /**
   * The fewest UTF-16 units of a document that is kept.
   *
   * @defaultValue `1`
   */
  minCharacters?: number;
  /**
   * The most UTF-16 units of a document that is kept.
   *
   * @defaultValue no limit
   */
  maxCharacters?: number;
}

/** Keeps documents of at least `minCharacters` and at most `maxCharacters`. */
export const lengthBetween = (options: LengthOptions = {}): DecidingFilter => {
  checkOptions("lengthBetween", options, { minCharacters: true, maxCharacters: true });
  const { minCharacters = 1, maxCharacters = Infinity } = options;
  const range =
    maxCharacters === Infinity
      ? `${minCharacters} characters or more`
      : `${minCharacters} to ${maxCharacters} characters`;
  return createFilter(`length of ${range}`, () => (document) => {
    const { length } = document.text;
    return length >= minCharacters && length <= maxCharacters ? document : { drop: `${length} characters` };
  });
};
