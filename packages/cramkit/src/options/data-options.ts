import type { ReadExamplesOptions } from "@cramkit/finetune/node";
import { type Command, Option } from "commander";
import { withDialect } from "./text-options.ts";

/** Options of every command that reads texts from files. */
export interface TableOptions {
  /** @defaultValue `"text"` */
  readonly text?: string;
  /** @defaultValue a comma, in TSV a tab */
  readonly delimiter?: string;
  /** @defaultValue `"`, in TSV none */
  readonly quote?: string | false;
  /** @defaultValue the quote itself, doubled */
  readonly escape?: string;
  /** @defaultValue UTF-8 */
  readonly encoding?: string;
  /** @defaultValue by the name of the file */
  readonly format?: ReadExamplesOptions["format"];
}

/** Options of every command that reads examples. */
export interface DataOptions extends TableOptions {
  /** @defaultValue single texts */
  readonly textPair?: string;
}

/** Adds the options that say how texts are written. */
export const withTable = (command: Command): Command =>
  withDialect(command.option("--text <column>", "column of the text (default: text)")).addOption(
    new Option("--format <name>", "format, if names do not tell").choices([
      "csv",
      "tsv",
      "jsonl",
      "json",
      "parquet",
      "conll",
      "txt",
    ]),
  );

/** How tables are written, as their readers take it. */
export const dialectOf = ({ delimiter, quote, escape: escapeSign, encoding, format }: TableOptions) => ({
  ...{ delimiter, quote, escape: escapeSign, encoding, format },
});

/** Adds the options that say how examples are written. */
export const withData = (command: Command): Command =>
  withTable(command).option("--text-pair <column>", "column of a second text");
