import { fault } from "@cramkit/errors";
import { type GlueTask, glueNames, glueTasks, type SplitLayout } from "../tasks/glue-tasks.ts";
import { exampleFrom, labelReader } from "../tasks/label.ts";
import type { Example } from "../tasks/task.ts";
import { lines } from "./tsv.ts";

/** Examples of one file, and what was left out of it. */
export interface ReadSet {
  readonly examples: readonly Example[];
  readonly notes: readonly string[];
}

/**
 * Reads one file of the official download. Throws with file and line on a wrong column, an unknown label, a row with
 * fields missing or too many; in the task that is published with such rows they are left out and noted.
 */
export const readTsv = async (file: string, glue: GlueTask, split: SplitLayout): Promise<ReadSet> => {
  const examples: Example[] = [];
  const { columns, fields: fixed } = split.tsv;
  const toLabel = labelReader(glue);
  let header: string[] | undefined;
  let fieldCount = fixed;
  let ragged = 0;
  let overlong = 0;
  let unlabelled = 0;
  let at: { text: number; pair?: number; label?: number } | undefined;
  for await (const { text: line, number, closed } of lines(file)) {
    const fields = line.split("\t");
    const fail = (expected: string, got: string, remedy: string): never => {
      throw fault({
        code: "damaged-file",
        place: `${file}:${number}`,
        problem: `expected ${expected}, got ${got}`,
        remedy,
      });
    };
    if (!at) {
      at = positions(columns, fixed === undefined ? fields : undefined);
      const wanted = Object.values(columns).join(", ");
      if (Object.values(at).includes(-1))
        fail(
          `the columns ${wanted} of ${glue.task.title}`,
          fields.join(", ").slice(0, 200),
          otherFile(fields, glue, split),
        );
      if (fixed !== undefined && fields.length !== fixed)
        fail(
          `${fixed} columns without a header, as in ${glue.task.title}`,
          fields.join(", ").slice(0, 200),
          otherFile(fields, glue, split),
        );
      if (fixed === undefined) {
        header = fields;
        fieldCount = fields.length;
        continue;
      }
    }
    if (Object.values(at).some((index) => index >= fields.length)) {
      if (!closed)
        fail(
          `${fieldCount} columns`,
          `${fields.length} where the file ends`,
          "the file is cut short: download it again",
        );
      if (!glue.ragged)
        fail(`${fieldCount} columns`, `${fields.length}`, "the row is damaged: download the file again");
      ragged++;
      continue;
    }
    // A tab in a text shifts the fields after it, and cuts the text off.
    if (fieldCount !== undefined && fields.length > fieldCount) {
      if (!glue.ragged)
        fail(`${fieldCount} columns`, `${fields.length}`, "the row is damaged: download the file again");
      overlong++;
      continue;
    }
    const written = at.label === undefined ? undefined : fields[at.label]!;
    // MultiNLI writes "-" if its annotators did not agree.
    if (written === "-" && glue.task.name === "mnli") {
      unlabelled++;
      continue;
    }
    const label = written === undefined ? undefined : toLabel(written);
    if (label !== undefined && Number.isNaN(label))
      fail(expectedLabel(glue), `"${written!.slice(0, 60)}"`, otherLabels(written!, header ?? fields, glue, split));
    examples.push(exampleFrom(fields[at.text]!, at.pair === undefined ? undefined : fields[at.pair]!, label));
  }
  if (examples.length === 0)
    throw fault({
      code: "damaged-file",
      place: file,
      problem: `expected rows of ${glue.task.title}, got none`,
      remedy: "the file is cut short: download it again",
    });
  const notes: string[] = [];
  if (ragged > 0) notes.push(`${split.tsv.path}: ${ragged} rows with missing fields are left out`);
  if (overlong > 0) notes.push(`${split.tsv.path}: ${overlong} rows with too many fields are left out`);
  if (unlabelled > 0) notes.push(`${split.tsv.path}: ${unlabelled} rows without a gold label are left out`);
  return { examples, notes };
};

const positions = (columns: SplitLayout["tsv"]["columns"], header: string[] | undefined) => {
  const at = (column: string | number) => (typeof column === "number" ? column : header!.indexOf(column));
  return {
    text: at(columns.text),
    ...(columns.pair === undefined ? {} : { pair: at(columns.pair) }),
    ...(columns.label === undefined ? {} : { label: at(columns.label) }),
  };
};

const expectedLabel = (glue: GlueTask): string => {
  if (glue.task.labels.length === 0) return "a score from 0 to 5";
  return `one of the labels ${(glue.written === "names" ? glue.task.labels : glue.task.labels.map((_, i) => i)).join(", ")} of ${glue.task.title}`;
};

/** A remedy that names what the file is instead: one of another task with these columns, or a test set. */
const otherFile = (header: readonly string[], { tests }: GlueTask, split: SplitLayout): string => {
  const others = tasksWith(header, split);
  if (others.length > 0) return `these are the columns of ${titles(others)}: put the folder of the right task there`;
  const unlabelled = Object.values(tests[0]!.tsv.columns);
  if (split.tsv.columns.label !== undefined && unlabelled.every((column) => header.includes(column)))
    return (
      "these are the columns of a test set, which has no labels and cannot be trained on or scored: put " +
      `${split.tsv.path} of the official download there, and predict test sets for a submission`
    );
  return "put the file of the official download there";
};

const otherLabels = (written: string, header: readonly string[], glue: GlueTask, split: SplitLayout): string => {
  const others = tasksWith(header, split).filter(
    (other) => other !== glue && !Number.isNaN(labelReader(other)(written)),
  );
  return others.length > 0
    ? `${titles(others)} has this label: put the folder of ${glue.task.title} there`
    : "correct the row or download the file again";
};

/** The tasks that have most columns in common with the header, of those whose file of this kind has all its columns there. */
const tasksWith = (header: readonly string[], { tsv }: SplitLayout): GlueTask[] => {
  const labelled = tsv.columns.label !== undefined;
  const columnsOf = ({ train, tests }: GlueTask) => (labelled ? train : tests[0]!).tsv;
  const fitting = glueNames
    .map((name) => glueTasks[name])
    .filter((each) => {
      const { columns, fields } = columnsOf(each);
      if (fields !== undefined) return header.length === fields && /^[01]$/.test(header[columns.label as number]!);
      return Object.values(columns).every((column) => header.includes(column));
    });
  const width = (each: GlueTask) => Object.keys(columnsOf(each).columns).length;
  const most = Math.max(...fitting.map(width));
  return fitting.filter((each) => width(each) === most);
};

const titles = (tasks: readonly GlueTask[]): string => tasks.map(({ task }) => task.title).join(" or ");
