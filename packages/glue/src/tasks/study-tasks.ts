import { shown } from "@cramkit/errors";
import { joinFields } from "./fields.ts";
import type { Example, Task } from "./task.ts";

export const studyTaskNames = [
  "boolq",
  "cb",
  "copa",
  "multirc",
  "superglue_rte",
  "wic",
  "wsc",
  "axb",
  "axg",
  "race",
  "swag",
] as const;

/** SuperGLUE but for ReCoRD, RACE and SWAG: what the study's code finetunes on besides GLUE. */
export type StudyTaskName = (typeof studyTaskNames)[number];

/** A row of a file by the names of its columns. */
export type TaskRecord = Readonly<Record<string, unknown>>;

/** Where examples of a set are: the official file, or folder of files, and the split on the hub. */
export interface RecordSet {
  readonly name: string;
  readonly rows: number;
  readonly path: string;
  readonly hub: { readonly folder: string; readonly split: string };
  /**
   * Columns that have other names in this set than in the task.
   * @defaultValue the task's
   */
  readonly renamed?: Readonly<Record<string, string>>;
}

/** A task with its files. The columns of its `fields` make the texts: the last one is the second text, the others the first. */
export interface StudyTask {
  readonly task: Task & { readonly name: StudyTaskName };
  readonly fields: readonly string[];
  /** The column of the label: a number, a truth value, or a name. */
  readonly label: string;
  readonly train: RecordSet;
  readonly evaluation: RecordSet;
  /** The rows of an official record, under the names of the columns on the hub. */
  readonly flatten: (record: TaskRecord) => readonly TaskRecord[];
}

const truth = ["False", "True"];
const twoWay = ["entailment", "not_entailment"];
const itself = (record: TaskRecord) => [record];

type Metrics = Task["metrics"];

const taskOf = (name: StudyTaskName, title: string, labels: readonly string[], metrics: Metrics) => {
  return { name, title, labels, pair: true, metrics };
};

/** A task of SuperGLUE, in a folder with `train.jsonl` and `val.jsonl`. */
const superGlue = (
  task: StudyTask["task"],
  { folder, hub, rows, fields }: { folder: string; hub: string; rows: readonly [number, number]; fields: string[] },
  flatten: StudyTask["flatten"] = itself,
): StudyTask => ({
  task,
  fields,
  label: "label",
  flatten,
  train: { name: "train", rows: rows[0], path: `${folder}/train.jsonl`, hub: { folder: hub, split: "train" } },
  evaluation: { name: "dev", rows: rows[1], path: `${folder}/val.jsonl`, hub: { folder: hub, split: "validation" } },
});

const rte = (): StudyTask =>
  superGlue(taskOf("superglue_rte", "RTE (SuperGLUE)", twoWay, ["accuracy"]), {
    folder: "RTE",
    hub: "rte",
    rows: [2490, 277],
    fields: ["premise", "hypothesis"],
  });

/** A diagnostic set: trained on RTE. */
const diagnostic = (
  task: StudyTask["task"],
  folder: string,
  { rows, fields }: { rows: number; fields: readonly [string, string] },
): StudyTask => {
  const { train, ...rest } = rte();
  return {
    ...rest,
    task,
    fields,
    train: { ...train, renamed: { [fields[0]]: "premise", [fields[1]]: "hypothesis" } },
    evaluation: {
      name: "test",
      rows,
      path: `${folder}/${folder}.jsonl`,
      hub: { folder: task.name, split: "test" },
    },
  };
};

type Nested = { readonly [key: string]: Nested } & readonly Nested[];

const multircRows = ({ passage }: TaskRecord): TaskRecord[] => {
  const { text, questions } = passage as Nested;
  return questions!.flatMap(({ question, answers }) =>
    answers!.map((answer) => ({ paragraph: text, question, answer: answer.text, label: answer.label })),
  );
};

const raceRows = ({ article, questions, options, answers }: TaskRecord): TaskRecord[] =>
  (questions as string[]).map((question, i) => ({
    article,
    question,
    options: (options as string[][])[i],
    answer: (answers as string[])[i],
  }));

const letters = ["A", "B", "C", "D"];
const endings = ["ending0", "ending1", "ending2", "ending3"];

/**
 * The study's other tasks. As in its code each is a classification of a pair of texts: all fields but the last are the first
 * text, with the model's separator between them, and options are one text, `A:...`. Choices are not scored one by one. ReCoRD,
 * which is off there, is left out. Its score for CB is the macro F1, for MultiRC the F1 over all answers.
 */
export const studyTasks: Readonly<Record<StudyTaskName, StudyTask>> = /* @__PURE__ */ (() => ({
  boolq: superGlue(taskOf("boolq", "BoolQ", truth, ["accuracy"]), {
    folder: "BoolQ",
    hub: "boolq",
    rows: [9427, 3270],
    fields: ["question", "passage"],
  }),
  cb: superGlue(taskOf("cb", "CB", ["entailment", "contradiction", "neutral"], ["macro-f1", "accuracy"]), {
    folder: "CB",
    hub: "cb",
    rows: [250, 56],
    fields: ["premise", "hypothesis"],
  }),
  copa: superGlue(taskOf("copa", "COPA", ["choice1", "choice2"], ["accuracy"]), {
    folder: "COPA",
    hub: "copa",
    rows: [400, 100],
    fields: ["question", "premise", "choice1", "choice2"],
  }),
  multirc: superGlue(
    taskOf("multirc", "MultiRC", truth, ["f1", "accuracy"]),
    { folder: "MultiRC", hub: "multirc", rows: [27243, 4848], fields: ["question", "paragraph", "answer"] },
    multircRows,
  ),
  superglue_rte: rte(),
  wic: superGlue(taskOf("wic", "WiC", truth, ["accuracy"]), {
    folder: "WiC",
    hub: "wic",
    rows: [5428, 638],
    fields: ["word", "sentence1", "sentence2"],
  }),
  wsc: superGlue(
    taskOf("wsc", "WSC", truth, ["accuracy"]),
    {
      folder: "WSC",
      hub: "wsc.fixed",
      rows: [554, 104],
      fields: ["text", "span1_index", "span2_index", "span1_text", "span2_text"],
    },
    ({ target, ...record }) => [{ ...record, ...(target as TaskRecord) }],
  ),
  axb: diagnostic(taskOf("axb", "AX-b", twoWay, ["matthews", "accuracy"]), "AX-b", {
    rows: 1104,
    fields: ["sentence1", "sentence2"],
  }),
  axg: diagnostic(taskOf("axg", "AX-g", twoWay, ["accuracy"]), "AX-g", {
    rows: 356,
    fields: ["premise", "hypothesis"],
  }),
  race: {
    task: taskOf("race", "RACE", letters, ["accuracy"]),
    fields: ["question", "article", "options"],
    label: "answer",
    flatten: raceRows,
    train: { name: "train", rows: 87866, path: "RACE/train", hub: { folder: "all", split: "train" } },
    evaluation: { name: "dev", rows: 4887, path: "RACE/dev", hub: { folder: "all", split: "validation" } },
  },
  swag: {
    task: taskOf("swag", "SWAG", endings, ["accuracy"]),
    fields: ["startphrase", ...endings],
    label: "label",
    flatten: itself,
    train: { name: "train", rows: 73546, path: "SWAG/train.csv", hub: { folder: "regular", split: "train" } },
    evaluation: { name: "dev", rows: 20006, path: "SWAG/val.csv", hub: { folder: "regular", split: "validation" } },
  },
}))();

/** What is wrong with a record: `expected ..., got ...`. */
export type Wrong = { readonly expected: string; readonly got: string };

/** The example of a record that has the columns of the hub. */
export const exampleOf = ({ task, fields, label }: StudyTask, set: RecordSet, record: TaskRecord): Example | Wrong => {
  const texts: string[] = [];
  for (const field of fields) {
    const column = set.renamed?.[field] ?? field;
    const text = textOf(record[column], task);
    if (text === undefined) return { expected: `a text of ${task.title} as "${column}"`, got: shown(record[column]) };
    texts.push(text);
  }
  const number = labelNumber(record[label], task.labels);
  if (number === undefined)
    return {
      expected: `a label of ${task.title}, ${task.labels.join(" or ")}, as "${label}"`,
      got: shown(record[label]),
    };
  return { text: joinFields(texts.slice(0, -1)), pair: texts.at(-1)!, label: number };
};

/** Options are one text: each after its label. */
const textOf = (value: unknown, { labels }: Task): string | undefined => {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (!Array.isArray(value) || value.length !== labels.length) return undefined;
  return value.every((option) => typeof option === "string")
    ? joinFields(value.map((option, i) => `${labels[i]}:${option}`))
    : undefined;
};

const labelNumber = (value: unknown, labels: readonly string[]): number | undefined => {
  if (typeof value === "boolean") return labels.length === 2 ? Number(value) : undefined;
  const named = typeof value === "string" ? labels.indexOf(value) : -1;
  const isNumber = typeof value === "number" || typeof value === "bigint" || /^\d+$/.test(String(value));
  const number = named >= 0 ? named : isNumber ? Number(value) : Number.NaN;
  return Number.isInteger(number) && number >= 0 && number < labels.length ? number : undefined;
};
