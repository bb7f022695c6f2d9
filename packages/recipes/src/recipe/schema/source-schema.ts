import { z } from "zod";
import { numbers, setting } from "../setting.ts";
import { path } from "./path.ts";

/** Where text comes from: an element of `corpus.sources`. */
export const sourceSchema = () => {
  const { positive } = numbers();
  const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
  const patterns = z.union([z.string(), z.array(z.string()).min(1)]).optional();

  const weight = setting(
    positive.optional(),
    "How much of the corpus comes from this source, relative to the others. Left out: 1.",
    { unit: "share of the characters, relative" },
  );

  /** Which files of a folder or a dataset are read, and how. */
  const reading = {
    include: setting(patterns, 'Patterns of the paths to read, such as "**/*.jsonl.gz". Left out: all of them.'),
    exclude: setting(patterns, "Patterns of the paths to leave out. Left out: none."),
    format: setting(
      z.enum(["txt", "jsonl", "json", "csv", "tsv", "parquet", "wikiextractor"]).optional(),
      "Format of the files. Left out: told by the ending of each name.",
    ),
    field: setting(
      z.union([z.string(), z.int().min(0)]).optional(),
      'The field or column that holds the text, such as "document.text" for a field in a field; a number for a table without a header. Left out: "text".',
    ),
    unit: setting(
      z.enum(["file", "line", "block", "passage"]).optional(),
      "What one document of a text file is. Left out: the file; large files are read in passages.",
    ),
    delimiter: setting(
      z.string().length(1).optional(),
      "What separates the fields of a table in text: one ASCII character. Left out: a comma in .csv, a tab in .tsv.",
      { unit: "character" },
    ),
    quote: setting(
      z.union([z.string().length(1), z.literal(false)]).optional(),
      "What fields of a table are quoted with; false if quotes are ordinary characters. Left out: a double quote.",
      { unit: "character" },
    ),
    escape: setting(
      z.string().length(1).optional(),
      "What makes a quote inside quotes ordinary, such as a backslash. Left out: a second quote.",
      { unit: "character" },
    ),
    encoding: setting(z.string().optional(), 'Encoding of the text, such as "latin1". Left out: UTF-8.'),
    where: setting(
      z.record(z.string(), z.union([scalar, z.array(scalar).min(1)])).optional(),
      'Which records to read, by their fields: each must equal the value, or one of several. "meta.set" is a field in a field. Left out: all of them.',
      { paper: "Cramming, section 4.4: subsets of the Pile" },
    ),
    weight,
  };

  const kind = <K extends string>(name: K, description: string) => setting(z.literal(name), description);

  return z.discriminatedUnion("kind", [
    z.strictObject({
      kind: kind("installed-documentation", "The documentation of the packages that are installed under `root`."),
      root: setting(path(), "The folder that holds node_modules."),
      declarations: setting(
        z.enum(["lib", "all"]).optional(),
        "Comments of the declarations of TypeScript's library alone, or of all packages. Left out: lib.",
      ),
      weight,
    }),
    z.strictObject({
      kind: kind(
        "ids",
        "Token ids that were made elsewhere: .parquet with a list of integers, or .jsonl. Alone, with `tokenizer.from`.",
      ),
      path: setting(z.union([path(), z.array(path()).min(1)]), "A file or a folder, or several."),
      include: setting(patterns, 'Patterns of the paths to read, such as "**/*.parquet". Left out: all of them.'),
      exclude: setting(patterns, "Patterns of the paths to leave out. Left out: none."),
      field: setting(z.string().optional(), 'The column that holds the ids. Left out: "input_ids".', {
        paper: "Cramming, code: pile-readymade",
      }),
      weight,
    }),
    z.strictObject({
      kind: kind(
        "novels",
        "The five novels of @cramkit/novels in passages: English that is the same on every machine.",
      ),
      weight,
    }),
    z.strictObject({
      kind: kind(
        "files",
        "Files or folders: .txt, .jsonl, .json, .csv, .tsv, .parquet, WikiExtractor; also .gz, .zst.",
      ),
      path: setting(
        z.union([path(), z.array(path()).min(1)]),
        "A file or a folder, or several, relative to the working folder.",
      ),
      ...reading,
    }),
    z.strictObject({
      kind: kind("hub", "A dataset of the Hugging Face hub. A token comes from HF_TOKEN, never from a recipe."),
      uri: setting(
        z.string().regex(/^hf:\/\/datasets\//, "expected hf://datasets/OWNER/NAME[@REVISION][/PATH]"),
        "The dataset: hf://datasets/OWNER/NAME[@REVISION][/PATH].",
      ),
      hubUrl: setting(z.string().optional(), "Address of a mirror. Left out: the hub itself."),
      ...reading,
    }),
  ]);
};
