import type { ReadExamplesOptions } from "@cramkit/finetune/node";
import { type Command, Option } from "commander";

/** Options of every command that reads examples. */
export interface DataOptions {
  /** @defaultValue `"text"` */
  readonly text?: string;
  /** @defaultValue single texts */
  readonly textPair?: string;
  /** @defaultValue a comma, in TSV a tab */
  readonly delimiter?: string;
  /** @defaultValue by the name of the file */
  readonly format?: ReadExamplesOptions["format"];
  /** @defaultValue `"utf16"` */
  readonly offsets?: ReadExamplesOptions["offsets"];
}

/** Adds the options that say how examples are written. */
export const withData = (command: Command): Command =>
  command
    .option("--text <column>", "column of the text (default: text)")
    .option("--text-pair <column>", "column of a second text")
    .option("--delimiter <sign>", "what separates the fields of CSV and TSV (default: a comma, a tab)")
    .addOption(
      new Option("--format <name>", "format, if names do not tell").choices([
        "csv",
        "tsv",
        "jsonl",
        "json",
        "parquet",
        "conll",
      ]),
    )
    .addOption(
      new Option("--offsets <unit>", "how spans count: as JavaScript, or as Python").choices(["utf16", "code-points"]),
    );
