import { checkOptions, fault } from "@cramkit/errors";
import { fieldSeparator } from "../tasks/fields.ts";
import { type Example, isRegression, type Task } from "../tasks/task.ts";

/** Token ids of one example with its special tokens; `typeIds` is 0 for the first text and 1 for the second. */
export interface Encoding {
  readonly ids: ArrayLike<number>;
  /** @defaultValue all 0 */
  readonly typeIds?: ArrayLike<number>;
}

/** Encodes a text or a pair to at most `maxLength` tokens. */
export type Encode = (text: string, pair: string | undefined, maxLength: number) => Encoding;

export interface TemplateOptions {
  /** Ids of a text without special tokens. */
  encodeIds: (text: string) => ArrayLike<number>;
  /** The token in front, `<cls>` or `[CLS]`. */
  firstId: number;
  /** The token after each text, `<sep>` or `[SEP]`. */
  separatorId: number;
}

/**
 * `<cls> A <sep>` and `<cls> A <sep> B <sep>` around any tokenizer. What is too long loses tokens from the end of the
 * longer text, one by one; from the second if both are equal. Between the fields of a text, at each `fieldSeparator`, lies a
 * `<sep>`, too.
 */
export const templateEncode = (options: TemplateOptions): Encode => {
  checkOptions("templateEncode", options, { encodeIds: true, firstId: true, separatorId: true });
  const { encodeIds, firstId, separatorId } = options;
  const idsOf = (text: string): ArrayLike<number> => {
    if (!text.includes(fieldSeparator)) return encodeIds(text);
    return text
      .split(fieldSeparator)
      .flatMap((field, i) => [...(i === 0 ? [] : [separatorId]), ...Array.from(encodeIds(field))]);
  };
  return (text, pair, maxLength) => {
    const first = idsOf(text);
    const second = pair === undefined ? [] : idsOf(pair);
    const [a, b] = truncated(first.length, second.length, maxLength - (pair === undefined ? 2 : 3));
    const ids = new Int32Array(a + 2 + (pair === undefined ? 0 : b + 1));
    const typeIds = new Int32Array(ids.length).fill(1, a + 2);
    ids[0] = firstId;
    for (let i = 0; i < a; i++) ids[1 + i] = first[i]!;
    ids[a + 1] = separatorId;
    for (let i = 0; i < b; i++) ids[a + 2 + i] = second[i]!;
    if (pair !== undefined) ids[ids.length - 1] = separatorId;
    return { ids, typeIds };
  };
};

const truncated = (a: number, b: number, room: number): [number, number] => {
  if (a + b <= room) return [a, b];
  const half = Math.ceil(room / 2);
  if (b <= room - half) return [room - b, b];
  return a <= half ? [a, room - a] : [half, room - half];
};

/** Examples as tokens: one flat array, row `i` from `starts[i]` to `starts[i + 1]`. */
export interface EncodedExamples {
  readonly ids: Int32Array;
  readonly typeIds: Int32Array;
  readonly starts: Uint32Array;
  /** Class numbers or scores; NaN if an example has none. */
  readonly labels: Float64Array;
}

export interface EncodeExamplesOptions {
  encode: Encode;
  maxLength: number;
  secondText: "always" | "pairs";
  /** @defaultValue says nothing */
  onProgress?: (done: number) => void;
  /** @defaultValue runs to its end */
  signal?: AbortSignal;
}

/** Encodes all examples of a task, letting the event loop breathe. */
export const encodeExamples = async (
  task: Task,
  examples: readonly Example[],
  { encode, maxLength, secondText, onProgress, signal }: EncodeExamplesOptions,
): Promise<EncodedExamples> => {
  let ids = new Int32Array(examples.length * 32);
  let typeIds = new Int32Array(ids.length);
  const starts = new Uint32Array(examples.length + 1);
  const labels = new Float64Array(examples.length);
  let end = 0;
  for (const [row, { text, pair, label }] of examples.entries()) {
    const encoding = encode(text, pair ?? (secondText === "always" ? "" : undefined), maxLength);
    const length = encoding.ids.length;
    if (length === 0 || length > maxLength)
      throw fault({
        code: "invalid-argument",
        place: "encode",
        problem: `expected 1 to ${maxLength} tokens, got ${length} for "${text.slice(0, 60)}"`,
        remedy: "truncate there",
        type: RangeError,
      });
    if (end + length > ids.length) {
      ids = grown(ids, end + length);
      typeIds = grown(typeIds, end + length);
    }
    ids.set(encoding.ids, end);
    if (encoding.typeIds) typeIds.set(encoding.typeIds, end);
    starts[row + 1] = end += length;
    labels[row] = label === undefined ? Number.NaN : checkedLabel(task, label);
    if (row % 1000 === 999) {
      onProgress?.(row + 1);
      await new Promise(setImmediate);
      signal?.throwIfAborted();
    }
  }
  return { ids: ids.subarray(0, end), typeIds: typeIds.subarray(0, end), starts, labels };
};

const grown = (array: Int32Array<ArrayBuffer>, atLeast: number): Int32Array<ArrayBuffer> => {
  const larger = new Int32Array(Math.max(atLeast, array.length * 2));
  larger.set(array);
  return larger;
};

const checkedLabel = (task: Task, label: number): number => {
  const valid = isRegression(task)
    ? Number.isFinite(label)
    : Number.isInteger(label) && label >= 0 && label < task.labels.length;
  if (valid) return label;
  const expected = isRegression(task)
    ? "a finite score"
    : `a label from 0 to ${task.labels.length - 1} (${task.labels.join(", ")})`;
  throw fault({
    code: "invalid-argument",
    place: task.title,
    problem: `expected ${expected}, got ${label}`,
    type: RangeError,
  });
};
