import type { EncodedExample } from "../encode/encode.ts";
import type { Span } from "../examples/example.ts";
import { spansOf } from "../examples/spans.ts";
import type { Task } from "../examples/task.ts";

/** A span with the text that it names. */
export interface PredictedSpan extends Span {
  readonly text: string;
  /** The least sure of its words. */
  readonly probability: number;
}

/** What a model says of a text. */
export interface Prediction {
  /**
   * The likeliest class.
   * @defaultValue absent unless the task has classes
   */
  readonly label?: string;
  /**
   * Labels of a probability of at least a half.
   * @defaultValue absent unless the task has several labels
   */
  readonly labels?: readonly string[];
  /** @defaultValue absent unless the task is a score */
  readonly score?: number;
  /** @defaultValue absent unless the task has tags */
  readonly spans?: readonly PredictedSpan[];
  /**
   * Where the second text stands among all of the dev set by its likeness to the text, from 1.
   * @defaultValue absent unless the task is an embedding
   */
  readonly rank?: number;
  /**
   * The text of the dev set that is found first.
   * @defaultValue absent unless the task is an embedding
   */
  readonly nearest?: string;
  /**
   * Of every class, or label.
   * @defaultValue absent for scores and tags
   */
  readonly probabilities?: Readonly<Record<string, number>>;
  /** Tokens that were cut off. */
  readonly cut: number;
}

/** A row's outputs, `[outputs]` or for tags `[words, outputs]`, as a prediction. */
export const predictionOf = (
  task: Task,
  values: ArrayLike<number>,
  { words = [], cut }: Pick<EncodedExample, "words" | "cut">,
  text: string,
): Prediction => {
  const { kind, labels } = task;
  if (kind === "score") return { score: values[0]!, cut };
  if (kind === "tags") {
    const { tags, probabilities } = tagsOfWords(task, values, words.length);
    const spans = spansOf(words, tags).map(({ start, end, label, first, last }) => ({
      start,
      end,
      label,
      text: text.slice(start, end),
      probability: Math.min(...probabilities.slice(first, last + 1)),
    }));
    return { spans, cut };
  }
  const shares = kind === "classes" ? softmax(values) : Array.from(values, sigmoid);
  const probabilities = Object.fromEntries(labels.map((label, i) => [label, shares[i]!]));
  if (kind === "classes") return { label: labels[largest(shares)]!, probabilities, cut };
  return { labels: labels.filter((_, i) => shares[i]! >= 0.5), probabilities, cut };
};

/** The likeliest tag of each word, with its probability; a word that was cut off (NaN) has none: `O`. */
export const tagsOfWords = (
  { labels }: Task,
  values: ArrayLike<number>,
  words: number,
): { tags: string[]; probabilities: number[] } => {
  const tags: string[] = [];
  const probabilities: number[] = [];
  for (let word = 0; word < words; word++) {
    const row = Array.from({ length: labels.length }, (_, k) => values[word * labels.length + k]!);
    const shares = softmax(row);
    const best = Number.isNaN(row[0]) ? 0 : largest(shares);
    tags.push(labels[best]!);
    probabilities.push(shares[best]!);
  }
  return { tags, probabilities };
};

export const softmax = (values: ArrayLike<number>): number[] => {
  const top = Math.max(...Array.from(values));
  const powers = Array.from(values, (value) => Math.exp(value - top));
  const sum = powers.reduce((all, one) => all + one, 0);
  return powers.map((power) => power / sum);
};

export const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

/** The first of the largest. */
export const largest = (values: ArrayLike<number>): number => {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
};
