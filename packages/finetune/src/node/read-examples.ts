import { basename } from "node:path";
import { type FileRow, fileRows, hubRows } from "@cramkit/corpus/node";
import { checkOptions, fault } from "@cramkit/errors";
import type { Example, Label, Span } from "../examples/example.ts";
import type { TaskKind } from "../examples/task.ts";
import { readConll } from "./read-conll.ts";

export interface ReadExamplesOptions {
  readonly kind: TaskKind;
  /** The column of the text. @defaultValue `"text"` */
  readonly text?: string;
  /** The column of a second text. @defaultValue examples are single texts */
  readonly pair?: string;
  /** The column of the label; null: it is not read. @defaultValue `"label"`, of tags `"spans"` */
  readonly label?: string | null;
  /** What stands between the labels of a cell. @defaultValue `","` */
  readonly separator?: string;
  /** How spans count: UTF-16 units as JavaScript, or code points as Python. @defaultValue `"utf16"` */
  readonly offsets?: "utf16" | "code-points";
  /** What separates the fields of CSV and TSV. @defaultValue a comma, in TSV a tab */
  readonly delimiter?: string;
  /** Where names do not tell. @defaultValue by the name of the file */
  readonly format?: "csv" | "tsv" | "jsonl" | "json" | "parquet" | "conll";
}

/**
 * The examples of CSV, TSV, JSON-lines, JSON, Parquet (a file, a folder, or `hf://datasets/OWNER/NAME/PATH`), or for tags of a
 * CoNLL file (`.conll`, `.bio`, `.iob`). Each carries its file and line.
 *
 * @throws a fault `invalid-input` over a column that is not there, and a value that is no label
 */
export async function* readExamples(source: string, options: ReadExamplesOptions): AsyncGenerator<Example> {
  checkOptions("readExamples", options, {
    kind: true,
    text: true,
    pair: true,
    label: true,
    separator: true,
    offsets: true,
    delimiter: true,
    format: true,
  });
  if (options.format === "conll" || (!options.format && /\.(conll|conllu|bio|iob2?)$/i.test(source))) {
    yield* readConll(source);
    return;
  }
  const { delimiter, format } = options;
  const dialect = { delimiter, format: format as Exclude<typeof format, "conll"> };
  const rows = source.startsWith("hf://")
    ? hubRows({ uri: source, ...dialect })
    : fileRows({ path: source, ...dialect });
  let columns: ReturnType<typeof checkedColumns> | undefined;
  let file: string | undefined;
  for await (const row of rows) {
    if (row.file !== file || !columns) columns = checkedColumns(row, options);
    file = row.file;
    yield exampleOf(row, columns, options);
  }
}

interface Columns {
  readonly text: string;
  readonly pair: string | undefined;
  readonly label: string | null;
}

const checkedColumns = ({ fields, file, place }: FileRow, options: ReadExamplesOptions): Columns => {
  const { text = "text", pair, label = options.kind === "tags" ? "spans" : "label" } = options;
  for (const [option, name] of Object.entries({ text, pair, label })) {
    if (name === undefined || name === null || Object.hasOwn(fields, name)) continue;
    throw fault({
      code: "invalid-input",
      place: `${file}, ${place}`,
      problem: `expected a column "${name}", got ${Object.keys(fields)
        .slice(0, 20)
        .map((key) => JSON.stringify(key))
        .join(", ")}`,
      remedy: `choose the ${option === "pair" ? "second text" : option} among them`,
      type: RangeError,
      details: { columns: Object.keys(fields) },
    });
  }
  return { text, pair, label };
};

const exampleOf = ({ fields, file, place }: FileRow, columns: Columns, options: ReadExamplesOptions): Example => {
  const where = `${basename(file)}, ${place}`;
  const text = textOf(fields[columns.text]);
  const label = columns.label === null ? undefined : labelOf(fields[columns.label], text, where, options);
  return {
    text,
    ...(columns.pair !== undefined && { pair: textOf(fields[columns.pair]) }),
    ...(label !== undefined && { label }),
    place: where,
  };
};

const textOf = (value: unknown): string => (value === null || value === undefined ? "" : String(value));

const labelOf = (
  value: unknown,
  text: string,
  place: string,
  { kind, separator = ",", offsets = "utf16" }: ReadExamplesOptions,
): Label | undefined => {
  if (value === null || value === undefined) return undefined;
  if (kind === "classes") return String(value).trim();
  if (kind === "score") return typeof value === "string" && value.trim() === "" ? undefined : Number(value);
  if (kind === "labels") {
    const names = Array.isArray(value) ? value.map(String) : String(value).split(separator);
    return names.map((name) => name.trim()).filter(Boolean);
  }
  const spans = typeof value === "string" ? parsed(value, place) : value;
  const refuse = () =>
    fault({
      code: "invalid-input",
      place,
      problem: `expected spans such as [{"start": 0, "end": 5, "label": "PER"}], got ${JSON.stringify(spans)?.slice(0, 80)}`,
      remedy: "correct the row, or leave it out",
      type: RangeError,
    });
  if (!Array.isArray(spans)) throw refuse();
  const positions = offsets === "code-points" ? codePoints(text) : undefined;
  return spans.map((span): Span => {
    // [start, end, label], as spaCy writes it, or an object.
    const [start, end, label] = Array.isArray(span) ? span : [span?.start, span?.end, span?.label];
    if (label === undefined) throw refuse();
    const at = (offset: unknown) => (positions ? (positions[Number(offset)] ?? text.length + 1) : Number(offset));
    return { start: at(start), end: at(end), label: String(label) };
  });
};

const parsed = (value: string, place: string): unknown => {
  try {
    return JSON.parse(value);
  } catch (cause) {
    throw fault({
      code: "invalid-input",
      place,
      problem: `expected spans as JSON, got ${JSON.stringify(value.slice(0, 60))}`,
      remedy: "correct the row, or leave it out",
      type: RangeError,
      cause,
    });
  }
};

/** The UTF-16 position of each code point, and of the end. */
const codePoints = (text: string): number[] => {
  const positions: number[] = [];
  let at = 0;
  for (const character of text) {
    positions.push(at);
    at += character.length;
  }
  return [...positions, at];
};
