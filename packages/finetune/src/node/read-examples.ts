import { basename } from "node:path";
import { type FileRow, fileDocuments, fileRows, type HubAccess, hubRows } from "@cramkit/corpus/node";
import { checkOptions, fault } from "@cramkit/errors";
import type { Example } from "../examples/example.ts";
import type { TaskKind } from "../examples/task.ts";
import { labelOf } from "./label-of.ts";
import { readConll } from "./read-conll.ts";
import { placeOfRow, textOf } from "./text-of.ts";

export interface ReadExamplesOptions {
  readonly kind: TaskKind;
  /** The column of the text. @defaultValue `"text"` */
  readonly text?: string;
  /** The column of a second text. @defaultValue examples are single texts */
  readonly pair?: string;
  /** For embeddings: the column of a text that does not belong to the first. @defaultValue there is none */
  readonly negative?: string;
  /** The column of a name. @defaultValue examples have none */
  readonly id?: string;
  /** The column of the label; null: it is not read. @defaultValue `"label"`, of tags `"spans"`, of embeddings null */
  readonly label?: string | null;
  /** What stands between the labels of a cell. @defaultValue `","` */
  readonly separator?: string;
  /** How spans count: UTF-16 units as JavaScript, or code points as Python. @defaultValue `"utf16"` */
  readonly offsets?: "utf16" | "code-points";
  /** What separates the fields of CSV and TSV. @defaultValue a comma, in TSV a tab */
  readonly delimiter?: string;
  /** What quotes them; false: nothing does. @defaultValue `"`, in TSV nothing */
  readonly quote?: string | false;
  /** What escapes a quote inside quotes. @defaultValue the quote itself, doubled */
  readonly escape?: string;
  /** Of text that is not UTF-8, such as `latin1`. @defaultValue UTF-8 */
  readonly encoding?: string;
  /** If names do not tell. @defaultValue by the name of the file */
  readonly format?: "csv" | "tsv" | "jsonl" | "json" | "parquet" | "conll" | "txt";
  /** How a hub is waited for. @defaultValue nobody hears of waits, and they are not stopped */
  readonly hub?: Pick<HubAccess, "signal" | "onWait">;
}

/**
 * The examples of CSV, TSV, JSON-lines, JSON, Parquet (a file, a folder, or `hf://datasets/OWNER/NAME/PATH`), of plain text
 * (`.txt`: each line that is not blank, without a label), or for tags of a CoNLL file (`.conll`, `.bio`, `.iob`). Each
 * carries its file and line.
 *
 * @throws a fault `invalid-input` over a column that is not there, and a value that is not a label; `invalid-argument` over an
 * option that the kind or the format has no use for
 */
export async function* readExamples(source: string, options: ReadExamplesOptions): AsyncGenerator<Example> {
  checkOptions("readExamples", options, {
    kind: true,
    text: true,
    pair: true,
    negative: true,
    id: true,
    label: true,
    separator: true,
    offsets: true,
    delimiter: true,
    quote: true,
    escape: true,
    encoding: true,
    format: true,
    hub: true,
  });
  checkUse(options);
  const nameOf = (formats: RegExp, format: ReadExamplesOptions["format"]) =>
    options.format === format || (!options.format && !source.startsWith("hf://") && formats.test(source));
  if (nameOf(/\.(conll|conllu|bio|iob2?)$/i, "conll")) {
    requireNoColumns(source, options, ["encoding"]);
    yield* readConll(source);
    return;
  }
  if (nameOf(/\.(txt|text|md)(\.gz|\.zst)?$/i, "txt")) {
    requireNoColumns(source, options);
    const { encoding } = options;
    const lines = fileDocuments({ path: source, format: "txt", unit: "line", encoding, maxBadShare: 0 });
    for await (const { text, source: file, id } of lines) yield { text, place: `${basename(file ?? source)}, ${id}` };
    return;
  }
  const { delimiter, quote, escape: escapeSign, encoding, format } = options;
  const dialect = {
    delimiter,
    quote,
    escape: escapeSign,
    encoding,
    format: format as Exclude<typeof format, "conll" | "txt">,
  };
  const rows = source.startsWith("hf://")
    ? hubRows({ uri: source, ...dialect, ...options.hub })
    : fileRows({ path: source, ...dialect });
  let columns: ReturnType<typeof checkedColumns> | undefined;
  let file: string | undefined;
  for await (const row of rows) {
    if (row.file !== file || !columns) columns = checkedColumns(row, options);
    file = row.file;
    yield exampleOf(row, columns, options);
  }
}

/** What an option is for, among the kinds. */
const uses: Partial<Record<keyof ReadExamplesOptions, readonly TaskKind[]>> = {
  pair: ["classes", "labels", "score", "embedding"],
  negative: ["embedding"],
  separator: ["labels"],
  offsets: ["tags"],
};

/** Refuses an option that would change nothing. */
const checkUse = (options: ReadExamplesOptions): void => {
  const { kind, label } = options;
  const names = Object.keys(uses) as (keyof ReadExamplesOptions)[];
  const idle = names.find((name) => options[name] !== undefined && !uses[name]!.includes(kind));
  if (idle !== undefined) throw useless(idle, `with ${uses[idle]!.join(", ")}`, `${kind}, which has no use for it`);
  const ofLabels = (["separator", "offsets"] as const).find((name) => options[name] !== undefined && label === null);
  if (ofLabels !== undefined) throw useless(ofLabels, "where labels are read", "none of them");
  if (kind === "embedding" && typeof label === "string") throw useless("label", "for other kinds", kind);
};

/** Formats without columns have no use for their names. */
const requireNoColumns = (source: string, options: ReadExamplesOptions, more: readonly "encoding"[] = []): void => {
  const columns = ["text", "pair", "negative", "id", "label", "delimiter", "quote", "escape"] as const;
  const named = [...columns, ...more].find((name) => options[name] !== undefined && options[name] !== null);
  if (named !== undefined) throw useless(named, "for a table", `${source}, which has no columns`);
};

const useless = (name: string, wanted: string, got: string) =>
  fault({
    code: "invalid-argument",
    place: "readExamples",
    problem: `expected ${name} ${wanted}, got ${got}`,
    remedy: `leave ${name} out`,
    details: { option: name },
    type: RangeError,
  });

interface Columns {
  readonly text: string;
  readonly pair: string | undefined;
  readonly negative: string | undefined;
  readonly id: string | undefined;
  readonly label: string | null;
}

/** Checks the names of columns by the first row of a file. */
const checkedColumns = ({ fields, file, place }: FileRow, options: ReadExamplesOptions): Columns => {
  const { text = "text", pair, negative, id, kind } = options;
  const { label = kind === "tags" ? "spans" : kind === "embedding" ? null : "label" } = options;
  for (const [option, name] of Object.entries({ text, pair, negative, id, label })) {
    if (name === undefined || name === null || Object.hasOwn(fields, name)) continue;
    const names = Object.keys(fields);
    const shown = names.slice(0, 20).map((key) => JSON.stringify(key));
    // A name that holds others was written with another sign between them.
    const sign = options.delimiter
      ? undefined
      : [";", "\t", "|", ","].find((one) => names[0]?.split(one).includes(name));
    const choose = { option, remedy: `choose the ${option === "pair" ? "second text" : option} among them` };
    const { remedy, option: named } =
      sign === undefined ? choose : { option: "delimiter", remedy: `set delimiter to ${JSON.stringify(sign)}` };
    throw fault({
      code: "invalid-input",
      place: `${file}, ${place}`,
      problem: `expected a column "${name}", got ${shown.join(", ")}`,
      remedy,
      type: RangeError,
      details: { option: named, columns: names },
    });
  }
  return { text, pair, negative, id, label };
};

const exampleOf = (row: FileRow, columns: Columns, options: ReadExamplesOptions): Example => {
  const text = textOf(row, columns.text);
  const { pair, negative, id } = columns;
  const label = columns.label === null ? undefined : labelOf(row, columns.label, text, options);
  return {
    text,
    ...(pair !== undefined && { pair: textOf(row, pair) }),
    ...(negative !== undefined && { negative: textOf(row, negative) }),
    ...(id !== undefined && { id: textOf(row, id) }),
    ...(label !== undefined && { label }),
    place: placeOfRow(row),
  };
};
