import { fault } from "@cramkit/errors";
import type { Example, Span } from "./example.ts";
import { checkSpans } from "./spans.ts";

/**
 * What a model is trained for: one `classes`, any number of `labels` at once, a `score` (regression), `tags` of the words of a
 * text (named entities), or an `embedding`, a vector for each text.
 */
export const taskKinds = ["classes", "labels", "score", "tags", "embedding"] as const;
export type TaskKind = (typeof taskKinds)[number];

/** A task as a model's folder keeps it. Plain data. */
export interface Task {
  readonly kind: TaskKind;
  /** Names in the order of the head's outputs; of `tags` in BIO: `O`, `B-PER`, `I-PER`, ...; none of a `score` or an `embedding`. */
  readonly labels: readonly string[];
  /**
   * How hidden states become the vector of a text.
   * @defaultValue absent unless the task is an embedding
   */
  readonly pooling?: "first" | "mean";
}

/** Outputs of the head, of a text or of a token. */
export const outputsOf = ({ kind, labels }: Task): number => (kind === "score" ? 1 : labels.length);

const byName = /* @__PURE__ */ new Intl.Collator("en", { numeric: true });

export const placeOf = ({ place }: Example, index: number): string => place ?? `example ${index}`;

/**
 * The task that training examples have in common: their labels in the order of their names, numbers by their value.
 *
 * @throws a fault `invalid-input` over a label that does not fit the kind, and over fewer than two classes
 */
export const taskOf = (kind: TaskKind, examples: readonly Example[]): Task => {
  const names = new Set<string>();
  for (const [index, example] of examples.entries()) {
    checkLabel(kind, example, index);
    for (const name of namesIn(kind, example)) names.add(name);
  }
  const labels = [...names].sort(byName.compare);
  const least = kind === "classes" ? 2 : kind === "score" || kind === "embedding" ? 0 : 1;
  if (labels.length < least || examples.length === 0)
    throw fault({
      code: "invalid-input",
      place: "finetune",
      problem: `expected training examples with at least ${least === 2 ? "two classes" : "one label"}, got ${examples.length === 1 ? "one example" : `${examples.length} examples`} with ${labels.length === 0 ? "none" : `"${labels[0]}" alone`}`,
      remedy: "check the column of labels, or give more data",
      type: RangeError,
    });
  return kind === "tags"
    ? { kind, labels: ["O", ...labels.flatMap((label) => [`B-${label}`, `I-${label}`])] }
    : { kind, labels };
};

/** The names that an example's label holds. */
export const namesIn = (kind: TaskKind, { label }: Example): readonly string[] => {
  if (kind === "score" || kind === "embedding" || label === undefined) return [];
  if (kind === "classes") return [String(label)];
  return kind === "labels" ? (label as readonly string[]) : (label as readonly Span[]).map((span) => span.label);
};

/** Refuses a label that is not of the kind, or is missing. */
const checkLabel = (kind: TaskKind, example: Example, index: number): void => {
  const { label } = example;
  const isList = Array.isArray(label);
  const fits: Record<TaskKind, boolean> = {
    classes: (typeof label === "string" && label !== "") || typeof label === "number",
    score: typeof label === "number" && Number.isFinite(label),
    labels: isList && label.every((name) => typeof name === "string" && name !== ""),
    tags: isList && label.every((span) => typeof span === "object"),
    embedding: label === undefined,
  };
  if (!fits[kind]) {
    const expected: Record<TaskKind, string> = {
      classes: "a class",
      score: "a finite number",
      labels: "a list of labels",
      tags: "a list of spans",
      embedding: "nothing",
    };
    throw fault({
      code: "invalid-input",
      place: placeOf(example, index),
      problem: `expected ${expected[kind]} as the label, got ${label === undefined ? "none" : typeof label === "number" ? label : JSON.stringify(label)}`,
      remedy:
        kind !== "tags" && isList && label.some((span) => typeof span === "object")
          ? "finetune with the task tags, which has spans"
          : "correct the row, or leave it out",
      type: RangeError,
    });
  }
  if (kind === "tags") checkSpans(example, placeOf(example, index));
};

/** Refuses texts without a word, and labels that the task does not have: training has never seen them. */
export const checkExamples = (task: Task, examples: readonly Example[], role: string): void => {
  const known = new Set(task.kind === "tags" ? task.labels.map((tag) => tag.slice(2)) : task.labels);
  for (const [index, example] of examples.entries()) {
    checkText(example, index);
    checkParts(task.kind, example, index, examples[0]!);
    checkLabel(task.kind, example, index);
    const unknown = namesIn(task.kind, example).find((name) => !known.has(name));
    if (unknown !== undefined)
      throw fault({
        code: "invalid-input",
        place: placeOf(example, index),
        problem: `expected a label that training has seen (${[...known].filter(Boolean).slice(0, 8).join(", ")}${known.size > 8 ? ", ..." : ""}), got "${unknown}" in the ${role}`,
        remedy: "add examples of it to the training set, or leave the row out",
        type: RangeError,
      });
  }
};

/** Refuses texts that the kind has no use for, and a set of embeddings of which some have a second text and others none. */
const checkParts = (kind: TaskKind, example: Example, index: number, first: Example): void => {
  const refuse = (problem: string, remedy: string) =>
    fault({ code: "invalid-input", place: placeOf(example, index), problem, remedy, type: RangeError });
  if (kind === "tags" && example.pair !== undefined)
    throw refuse("expected a single text with its spans, got a pair", "leave the second text out");
  if (kind !== "embedding") {
    if (example.negative === undefined) return;
    throw refuse(`expected no negative for ${kind}, got one`, "leave it out, or finetune an embedding");
  }
  if (example.negative !== undefined && example.pair === undefined)
    throw refuse("expected a second text beside the negative, got none", "give both, or neither");
  for (const part of ["pair", "negative"] as const)
    if ((example[part] === undefined) !== (first[part] === undefined))
      throw refuse(
        `expected ${first[part] === undefined ? "no" : "a"} ${part} as in the first example, got ${first[part] === undefined ? "one" : "none"}`,
        "correct the row, or leave it out",
      );
};

/** Refuses a text without anything in it: there is nothing to learn from, or to predict. */
export const checkText = (example: Example, index: number): void => {
  for (const [name, text] of [
    ["text", example.text],
    ["second text", example.pair],
    ["negative", example.negative],
  ] as const) {
    if (text === undefined && name !== "text") continue;
    if (typeof text === "string" && text.trim() !== "") continue;
    throw fault({
      code: "invalid-input",
      place: placeOf(example, index),
      problem: `expected a ${name}, got ${typeof text === "string" ? "an empty one" : JSON.stringify(text)}`,
      remedy: "correct the row, or leave it out",
      type: RangeError,
    });
  }
};

/** What a user should know before the training: classes with a single example cannot be both learned and checked. */
export const rareLabels = (task: Task, examples: readonly Example[]): readonly string[] => {
  const first = new Map<string, { place: string; count: number }>();
  for (const [index, example] of examples.entries())
    for (const name of new Set(namesIn(task.kind, example))) {
      const seen = first.get(name);
      if (seen) seen.count++;
      else first.set(name, { place: placeOf(example, index), count: 1 });
    }
  return [...first]
    .filter(([, { count }]) => count === 1)
    .map(([name, { place }]) => `${place}: the only training example of "${name}"; give more of them, or leave it out`);
};
