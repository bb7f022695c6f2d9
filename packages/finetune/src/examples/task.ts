import { fault } from "@cramkit/errors";
import type { Example, Span } from "./example.ts";
import { checkSpans } from "./spans.ts";

/**
 * What a head is trained for: one `classes`, any number of `labels` at once, a `score` (regression), or `tags` of the words of
 * a text (named entities).
 */
export const taskKinds = ["classes", "labels", "score", "tags"] as const;
export type TaskKind = (typeof taskKinds)[number];

/** A task as a model's folder keeps it. Plain data. */
export interface Task {
  readonly kind: TaskKind;
  /** Names in the order of the head's outputs; of `tags` in BIO: `O`, `B-PER`, `I-PER`, ...; none of a `score`. */
  readonly labels: readonly string[];
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
  const least = kind === "classes" ? 2 : kind === "score" ? 0 : 1;
  if (labels.length < least || examples.length === 0)
    throw fault({
      code: "invalid-input",
      place: "finetune",
      problem: `expected training examples with at least ${least === 2 ? "two classes" : "one label"}, got ${examples.length} examples with ${labels.length === 0 ? "none" : `"${labels[0]}" alone`}`,
      remedy: "check the column of labels, or give more data",
      type: RangeError,
    });
  return kind === "tags"
    ? { kind, labels: ["O", ...labels.flatMap((label) => [`B-${label}`, `I-${label}`])] }
    : { kind, labels };
};

/** The names that an example's label holds. */
export const namesIn = (kind: TaskKind, { label }: Example): readonly string[] => {
  if (kind === "score" || label === undefined) return [];
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
  };
  if (!fits[kind]) {
    const expected: Record<TaskKind, string> = {
      classes: "a class",
      score: "a finite number",
      labels: "a list of labels",
      tags: "a list of spans",
    };
    throw fault({
      code: "invalid-input",
      place: placeOf(example, index),
      problem: `expected ${expected[kind]} as the label, got ${label === undefined ? "none" : JSON.stringify(label)}`,
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

/** Refuses a text without anything in it: there is nothing to learn from, or to predict. */
export const checkText = (example: Example, index: number): void => {
  for (const [name, text] of [
    ["text", example.text],
    ["second text", example.pair],
  ] as const) {
    if (text === undefined && name === "second text") continue;
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
