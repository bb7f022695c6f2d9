import { checkOptions } from "@cramkit/errors";
import { createFilter, type DecidingFilter } from "./filter.ts";

export interface CleanOptions {
  /**
   * Unicode normal form; `false` leaves the text as it is encoded.
   *
   * @defaultValue `"NFC"`
   */
  unicode?: "NFC" | "NFD" | "NFKC" | "NFKD" | false;
  /**
   * Remove accents: what Unicode calls non-spacing marks.
   *
   * @defaultValue `false`
   */
  stripAccents?: boolean;
  /**
   * Turn capitals into small letters.
   *
   * @defaultValue `false`
   */
  lowercase?: boolean;
  /**
   * Replace two backquotes or two apostrophes by a quotation mark (the quotes of PTB-style tokenized text).
   *
   * @defaultValue `false`
   */
  plainQuotes?: boolean;
  /**
   * Turn all ends of lines and paragraphs into line feeds. Remove other control characters (not tabs), marks without
   * width, and U+FFFD, which stands for what could not be decoded.
   *
   * @defaultValue `true`
   */
  stripControls?: boolean;
  /**
   * Remove everything but ASCII.
   *
   * @defaultValue `false`
   */
  asciiOnly?: boolean;
  /**
   * Reduce runs of spaces (no-break ones too) to one space and more than two line ends to two; remove spaces at the end
   * of lines.
   *
   * @defaultValue `true`
   */
  collapseSpaces?: boolean;
  /**
   * Remove white space altogether.
   *
   * @defaultValue `false`
   */
  removeSpaces?: boolean;
}

/**
 * The steps of the reference's tokenizer, in its order; use it if the tokenizer does not do them itself. It differs in
 * what separates words: no-break spaces and the separators of lines stay as space and line feed, while the reference
 * removes them with all that is not ASCII, and control characters are removed.
 */
export const referenceCleaning: CleanOptions = {
  plainQuotes: true,
  unicode: "NFD",
  stripAccents: true,
  lowercase: true,
  collapseSpaces: true,
  asciiOnly: true,
};

/** Cleans texts; without options: NFC, no control characters, single spaces. Counts the documents that it changed. */
export const clean = (options: CleanOptions = {}): DecidingFilter => {
  checkOptions("clean", options, {
    unicode: true,
    stripAccents: true,
    lowercase: true,
    plainQuotes: true,
    stripControls: true,
    asciiOnly: true,
    collapseSpaces: true,
    removeSpaces: true,
  });
  const { unicode = "NFC", stripControls = true, collapseSpaces = true, ...rest } = options;
  const steps = cleaningSteps({ unicode, stripControls, collapseSpaces, ...rest });
  return createFilter("cleaning", () => (document) => {
    let { text } = document;
    for (const step of steps) text = step(text);
    if (text === document.text) return document;
    return text.trim() === "" ? { drop: "nothing is left" } : { ...document, text };
  });
};

// Regular expressions that only say whether there is work to do: most texts need none of it.
const notAscii = /[^\0-\x7f]/;
const controls =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]/g;

const cleaningSteps = (options: CleanOptions): ((text: string) => string)[] => {
  const { unicode } = options;
  const steps: [unknown, (text: string) => string][] = [
    [options.plainQuotes, (text) => text.replace(/``|''/g, '"')],
    [options.stripControls, (text) => text.replace(/\r\n?|[\u2028\u2029]/g, "\n").replace(controls, "")],
    [unicode, (text) => (notAscii.test(text) ? text.normalize(unicode as string) : text)],
    [options.lowercase, (text) => text.toLowerCase()],
    [options.stripAccents, (text) => (notAscii.test(text) ? text.replace(/\p{Mn}/gu, "") : text)],
    [
      options.collapseSpaces,
      (text) =>
        text
          .replace(/[ \u00a0]{2,}|\u00a0/g, " ")
          // From the first of a run only: else a long one without a line end is looked at from each of its signs.
          .replace(/(?<![ \t])[ \t]+\n/g, "\n")
          .replace(/\n{3,}/g, "\n\n"),
    ],
    [options.asciiOnly, (text) => text.replace(/[^\0-\x7f]+/g, "")],
    [options.removeSpaces, (text) => text.replace(/\s+/g, "")],
  ];
  return steps.filter(([wanted]) => wanted).map(([, step]) => step);
};
