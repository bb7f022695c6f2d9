import { basename } from "node:path";
import { type FileRow, fileDocuments, fileRows, hubRows } from "@cramkit/corpus/node";
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
  /** If names do not tell. @defaultValue by the name of the file */
  readonly format?: "csv" | "tsv" | "jsonl" | "json" | "parquet" | "conll" | "txt";
}

/**
 * The examples of CSV, TSV, JSON-lines, JSON, Parquet (a file, a folder, or `hf://datasets/OWNER/NAME/PATH`), of plain text
 * (`.txt`: each line that is not blank, without a label), or for tags of a CoNLL file (`.conll`, `.bio`, `.iob`). Each
 * carries its file and line.
 *
 * @throws a fault `invalid-input` over a column that is not there, and a value that is no label; `invalid-argument` over an
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
    format: true,
  });
  checkUse(options);
  const nameOf = (formats: RegExp, format: ReadExamplesOptions["format"]) =>
    options.format === format || (!options.format && !source.startsWith("hf://") && formats.test(source));
  if (nameOf(/\.(conll|conllu|bio|iob2?)$/i, "conll")) {
    requireNoColumns(source, options);
    yield* readConll(source);
    return;
  }
  if (nameOf(/\.(txt|text|md)(\.gz|\.zst)?$/i, "txt")) {
    requireNoColumns(source, options);
    const lines = fileDocuments({ path: source, format: "txt", unit: "line", maxBadShare: 0 });
    for await (const { text, source: file, id } of lines) yield { text, place: `${basename(file ?? source)}, ${id}` };
    return;
  }
  const { delimiter, format } = options;
  const dialect = { delimiter, format: format as Exclude<typeof format, "conll" | "txt"> };
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
const requireNoColumns = (source: string, options: ReadExamplesOptions): void => {
  const named = (["text", "pair", "negative", "id", "label", "delimiter"] as const).find(
    (name) => typeof options[name] === "string",
  );
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

const checkedColumns = ({ fields, file, place }: FileRow, options: ReadExamplesOptions): Columns => {
  const { text = "text", pair, negative, id, kind } = options;
  const { label = kind === "tags" ? "spans" : kind === "embedding" ? null : "label" } = options;
  for (const [option, name] of Object.entries({ text, pair, negative, id, label })) {
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
      details: { option, columns: Object.keys(fields) },
    });
  }
  return { text, pair, negative, id, label };
};

const exampleOf = ({ fields, file, place }: FileRow, columns: Columns, options: ReadExamplesOptions): Example => {
  const where = `${basename(file)}, ${place}`;
  const text = textOf(fields[columns.text]);
  const label = columns.label === null ? undefined : labelOf(fields[columns.label], text, where, options);
  return {
    text,
    ...(columns.pair !== undefined && { pair: textOf(fields[columns.pair]) }),
    ...(columns.negative !== undefined && { negative: textOf(fields[columns.negative]) }),
    ...(columns.id !== undefined && { id: textOf(fields[columns.id]) }),
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
