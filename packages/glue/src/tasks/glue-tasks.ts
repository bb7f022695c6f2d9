import type { Task } from "./task.ts";

export const glueNames = ["cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte", "wnli"] as const;

export type GlueName = (typeof glueNames)[number];

/**
 * One file of a task: `rows` of the complete set; its path within the official download; its split on the hub. The
 * columns of the text, the second text and the label are names, or numbers from 0 if the file has no header.
 */
export interface SplitLayout {
  readonly name: string;
  readonly column: string;
  readonly rows: number;
  readonly tsv: { readonly path: string; readonly columns: Columns; readonly fields?: number };
  readonly hub: { readonly folder: string; readonly split: string };
}

interface Columns {
  readonly text: string | number;
  readonly pair?: string | number;
  /** Absent in test sets. */
  readonly label?: string | number;
}

/** A task of GLUE and where its examples are. */
export interface GlueTask {
  readonly task: Task & { readonly name: GlueName };
  /** How the TSV files and a submission write a label: by its name, or by its number (also the score of a regression). */
  readonly written: "names" | "numbers";
  readonly hubColumns: Columns;
  readonly train: SplitLayout;
  readonly evaluations: readonly SplitLayout[];
  readonly tests: readonly SplitLayout[];
  /**
   * The file as downloaded has rows with missing fields, which published readers leave out.
   * @defaultValue `false`
   */
  readonly ragged?: boolean;
}

type Rows = readonly [train: number, dev: number, test: number];
type TsvColumns = { text: string; pair?: string; label: string };
type Rest = Pick<GlueTask, "written" | "hubColumns" | "ragged">;

const nli = ["entailment", "neutral", "contradiction"];
const twoWay = ["entailment", "not_entailment"];
const sentences = { text: "sentence1", pair: "sentence2", label: "label" };
const sentence = { text: "sentence", label: "label" };
const questions = { text: "question1", pair: "question2" };
const question = { text: "question", pair: "sentence", label: "label" };

const taskOf = (
  name: GlueName,
  title: string,
  labels: string[],
  pair: boolean,
  metrics: Task["metrics"],
): GlueTask["task"] => {
  return { name, title, labels, pair, metrics };
};

/** A task with one dev set and the same names of columns in every file. */
const usual = (task: GlueTask["task"], rows: Rows, tsv: TsvColumns, rest: Rest): GlueTask => {
  const { label: _, ...unlabelled } = tsv;
  const split = (name: string, hub: string, rows: number, columns: Columns): SplitLayout => ({
    name,
    column: task.title,
    rows,
    tsv: { path: `${task.title}/${name}.tsv`, columns },
    hub: { folder: task.name, split: hub },
  });
  return {
    task,
    ...rest,
    train: split("train", "train", rows[0], tsv),
    evaluations: [split("dev", "validation", rows[1], tsv)],
    tests: [split("test", "test", rows[2], unlabelled)],
  };
};

const cola = (): GlueTask => {
  const task = taskOf("cola", "CoLA", ["unacceptable", "acceptable"], false, ["matthews", "accuracy"]);
  const layout = usual(task, [8551, 1043, 1063], sentence, { written: "numbers", hubColumns: sentence });
  // Source, label, mark of the author, sentence; no header.
  const bare = (split: SplitLayout): SplitLayout => ({
    ...split,
    tsv: { ...split.tsv, columns: { text: 3, label: 1 }, fields: 4 },
  });
  return { ...layout, train: bare(layout.train), evaluations: layout.evaluations.map(bare) };
};

const mnli = (): GlueTask => {
  const columns = { text: "sentence1", pair: "sentence2" };
  const split = (name: string, hub: string, column: string, rows: number, label: boolean): SplitLayout => ({
    name,
    column,
    rows,
    tsv: { path: `MNLI/${name}.tsv`, columns: label ? { ...columns, label: "gold_label" } : columns },
    hub: { folder: "mnli", split: hub },
  });
  // The diagnostic set has no training set of its own.
  const diagnostic = { path: "diagnostic/diagnostic.tsv", columns };
  return {
    task: taskOf("mnli", "MNLI", nli, true, ["accuracy"]),
    written: "names",
    hubColumns: { text: "premise", pair: "hypothesis", label: "label" },
    train: split("train", "train", "MNLI", 392702, true),
    evaluations: [
      split("dev_matched", "validation_matched", "MNLI-m", 9815, true),
      split("dev_mismatched", "validation_mismatched", "MNLI-mm", 9832, true),
    ],
    tests: [
      split("test_matched", "test_matched", "MNLI-m", 9796, false),
      split("test_mismatched", "test_mismatched", "MNLI-mm", 9847, false),
      { name: "ax", column: "AX", rows: 1104, tsv: diagnostic, hub: { folder: "ax", split: "test" } },
    ],
  };
};

/** The nine tasks of GLUE; the diagnostic set AX is a test set of MNLI. Labels are numbered as published on the hub. */
export const glueTasks: Readonly<Record<GlueName, GlueTask>> = /* @__PURE__ */ (() => ({
  cola: cola(),
  sst2: usual(taskOf("sst2", "SST-2", ["negative", "positive"], false, ["accuracy"]), [67349, 872, 1821], sentence, {
    written: "numbers",
    hubColumns: sentence,
  }),
  mrpc: usual(
    taskOf("mrpc", "MRPC", ["not_equivalent", "equivalent"], true, ["f1", "accuracy"]),
    [3668, 408, 1725],
    { text: "#1 String", pair: "#2 String", label: "Quality" },
    { written: "numbers", hubColumns: sentences },
  ),
  stsb: usual(
    taskOf("stsb", "STS-B", [], true, ["pearson", "spearman"]),
    [5749, 1500, 1379],
    { ...sentences, label: "score" },
    { written: "numbers", hubColumns: sentences },
  ),
  qqp: usual(
    taskOf("qqp", "QQP", ["not_duplicate", "duplicate"], true, ["f1", "accuracy"]),
    [363846, 40430, 390965],
    { ...questions, label: "is_duplicate" },
    { written: "numbers", hubColumns: { ...questions, label: "label" }, ragged: true },
  ),
  mnli: mnli(),
  qnli: usual(taskOf("qnli", "QNLI", twoWay, true, ["accuracy"]), [104743, 5463, 5463], question, {
    written: "names",
    hubColumns: question,
  }),
  rte: usual(taskOf("rte", "RTE", twoWay, true, ["accuracy"]), [2490, 277, 3000], sentences, {
    written: "names",
    hubColumns: sentences,
  }),
  wnli: usual(taskOf("wnli", "WNLI", ["not_entailment", "entailment"], true, ["accuracy"]), [635, 71, 146], sentences, {
    written: "numbers",
    hubColumns: sentences,
  }),
}))();

/** All files of a task. */
export const splitsOf = (glue: GlueTask): readonly SplitLayout[] => {
  return [glue.train, ...glue.evaluations, ...glue.tests];
};
