import { createFilter, type DocumentFilter } from "./filter.ts";

export interface LengthOptions {
  minCharacters?: number;
  maxCharacters?: number;
}

/** Keeps documents of at least `minCharacters` and at most `maxCharacters`. */
export function lengthBetween({ minCharacters = 1, maxCharacters = Infinity }: LengthOptions = {}): DocumentFilter {
  return createFilter(`length of ${minCharacters} to ${maxCharacters} characters`, () => (document) => {
    const { length } = document.text;
    return length >= minCharacters && length <= maxCharacters ? document : { drop: `${length} characters` };
  });
}
