import { basename } from "node:path";
import { fault } from "@cramkit/errors";
import { parseRecipe, type Recipe } from "@cramkit/recipes";
import { type Command, InvalidArgumentError, Option } from "commander";

type Source = Recipe["corpus"]["sources"][number];
type FilesSource = Extract<Source, { kind: "files" }>;

/** How text is read: the settings of a source in a recipe, as options of the same names. */
export interface ReadingOptions {
  /**
   * Value of `--format`.
   *
   * @defaultValue what a file's name says
   */
  readonly format?: FilesSource["format"];
  /**
   * Value of `--field`.
   *
   * @defaultValue `"text"`
   */
  readonly field?: string | number;
  /**
   * Value of `--unit`.
   *
   * @defaultValue `"file"`, or passages of a large file
   */
  readonly unit?: FilesSource["unit"];
  /**
   * Value of `--delimiter`.
   *
   * @defaultValue a comma for `csv`, a tab for `tsv`
   */
  readonly delimiter?: string;
  /**
   * Value of `--quote`.
   *
   * @defaultValue `"` for `csv`, none for `tsv`
   */
  readonly quote?: string | false;
  /**
   * Value of `--escape`.
   *
   * @defaultValue the quote itself, doubled
   */
  readonly escape?: string;
  /**
   * Value of `--encoding`.
   *
   * @defaultValue UTF-8
   */
  readonly encoding?: string;
  /**
   * Values of `--include`.
   *
   * @defaultValue all files of a known format
   */
  readonly include?: string[];
  /**
   * Values of `--exclude`.
   *
   * @defaultValue none
   */
  readonly exclude?: string[];
}

/** The text of a run in place of its recipe's, and how it is read. */
export interface TextOptions extends ReadingOptions {
  /**
   * Values of `--text`.
   *
   * @defaultValue the recipe's sources
   */
  readonly text?: string[];
}

const collect = (value: string, all: string[] = []): string[] => [...all, value];

/** A column by its name, or by its number, counted from 0, in a table without a header. */
const fieldOf = (value: string): string | number => (/^\d+$/.test(value) ? Number(value) : value);

/** A sign as a shell can write it: a tab is hard to type. */
const signOf = (value: string): string => {
  const sign = value === "\\t" || value === "tab" ? "\t" : value;
  if (sign.length === 1) return sign;
  throw new InvalidArgumentError('expected one character, or "tab"');
};

/** Adds the options that say how tables are written. */
export const withDialect = (command: Command): Command =>
  command
    .option("--delimiter <sign>", "field separator of a table, or `tab` (default: a comma, in TSV a tab)", signOf)
    .option("--quote <sign>", "quote character of a table; `false`: none", (value) =>
      value === "false" ? false : signOf(value),
    )
    .option("--escape <sign>", "character that escapes a quote inside quotes, such as a backslash", signOf)
    .option("--encoding <name>", "encoding of text that is not UTF-8, such as latin1");

/** Adds the options that say how files of text are read. */
export const withReading = (command: Command): Command =>
  withDialect(command)
    .option(
      "--field <name>",
      "field or column with the text (default: text), such as document.text inside of another; a number in a table without a header",
      fieldOf,
    )
    .addOption(
      new Option("--unit <name>", "what is one document of a .txt file").choices(["file", "line", "block", "passage"]),
    )
    .addOption(
      new Option("--format <name>", "format of files whose names do not tell").choices([
        "txt",
        "jsonl",
        "json",
        "csv",
        "tsv",
        "parquet",
        "wikiextractor",
      ]),
    )
    .option("--include <pattern>", "files of a folder or dataset to read, such as '**/*.jsonl' (repeatable)", collect)
    .option("--exclude <pattern>", "files to leave out (repeatable)", collect);

/** What was said of how to read, without what was not. */
export const readingOf = (options: ReadingOptions): ReadingOptions => {
  const { format, field, unit, delimiter, quote, escape: escapeSign, encoding, include, exclude } = options;
  const all = { format, field, unit, delimiter, quote, escape: escapeSign, encoding, include, exclude };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
};

/** `hf://OWNER/NAME` is a dataset, too: nothing else of the hub has text. */
export const hubUri = (text: string): string => text.replace(/^hf:\/\/(?!datasets\/)/, "hf://datasets/");

/** A name for a folder: what text is, without what a path needs. */
const nameOf = (text: string): string =>
  basename(text)
    .replace(/\.(?:gz|zst)$/i, "")
    .replace(/\.[a-z0-9]{1,8}$/i, "")
    .replace(/[^\p{L}\p{N}._-]+/gu, "-") || "text";

/**
 * The recipe on the text that the options name, or on its own, read as they say.
 *
 * @throws RangeError for a text that is not one, naming the option
 */
export const withText = (recipe: Recipe, options: TextOptions): Recipe => {
  const reading = readingOf(options);
  const { text } = options;
  if (text === undefined) {
    if (Object.keys(reading).length === 0) return recipe;
    const sources = recipe.corpus.sources.map((source) =>
      source.kind === "files" || source.kind === "hub" ? { ...source, ...reading } : source,
    );
    if (sources.every((source, index) => source === recipe.corpus.sources[index]))
      throw fault({
        code: "invalid-input",
        place: `--${Object.keys(reading)[0]}`,
        problem: "expected text that is read from files, got the recipe's own",
        remedy: "name yours with --text",
        type: RangeError,
      });
    return parseRecipe({ ...recipe, corpus: { ...recipe.corpus, sources } }, "--text");
  }
  const paths = text.filter((path) => !path.startsWith("hf://"));
  const files = paths.length > 0 ? [{ kind: "files", path: paths.length === 1 ? paths[0] : paths, ...reading }] : [];
  const hub = text
    .filter((path) => path.startsWith("hf://"))
    .map((uri) => ({ kind: "hub", uri: hubUri(uri), ...reading }));
  return parseRecipe(
    {
      ...recipe,
      description: `the recipe ${recipe.name} on ${text.join(", ")}`,
      // A recipe's least length fits the text that it is for.
      corpus: { ...recipe.corpus, sources: [...files, ...hub], minCharacters: 0 },
    },
    "--text",
  );
};

/** The folder of a run on other text than its recipe's: beside that of the recipe. */
export const runName = (recipe: Recipe, { text }: TextOptions): string =>
  text === undefined ? recipe.name : [recipe.name, ...text.map(nameOf)].join("-").slice(0, 100);
