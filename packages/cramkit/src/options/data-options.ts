import type { ReadExamplesOptions } from "@cramkit/finetune/node";
import { type Command, Option } from "commander";

/** Options of every command that reads texts from files. */
export interface TableOptions {
  /** @defaultValue `"text"` */
  readonly text?: string;
  /** @defaultValue a comma, in TSV a tab */
  readonly delimiter?: string;
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
  command
    .option("--text <column>", "column of the text (default: text)")
    .option("--delimiter <sign>", "field separator of CSV and TSV (default: a comma, a tab)")
    .addOption(
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

/** Adds the options that say how examples are written. */
export const withData = (command: Command): Command =>
  withTable(command).option("--text-pair <column>", "column of a second text");
