import { fault } from "@cramkit/errors";
import type { Tokenizer } from "@cramkit/tokenizer";
import type { Example } from "../examples/example.ts";
import { type Word, wordsOf } from "../examples/spans.ts";
import type { Task } from "../examples/task.ts";

/** An example as tokens. */
export interface EncodedExample {
  readonly ids: Int32Array;
  /** 0 up to the first separator, 1 after it. */
  readonly typeIds: Int32Array;
  /** Tokens that the model's length cut off. */
  readonly cut: number;
  /**
   * The words that carry tags.
   * @defaultValue absent unless the task has tags
   */
  readonly words?: readonly Word[];
  /**
   * The position of each word's first token, -1 if that was cut off.
   * @defaultValue absent unless the task has tags
   */
  readonly positions?: Int32Array;
}

/** The special tokens as the study, BERT and RoBERTa write them. */
const names = { pad: ["<pad>", "[PAD]"], first: ["<cls>", "[CLS]", "<s>"], separator: ["<sep>", "[SEP]", "</s>"] };

export type SpecialIds = Readonly<Record<keyof typeof names, number>>;

/** @throws RangeError for a tokenizer without them */
export const specialIds = (tokenizer: Tokenizer): SpecialIds => {
  const idOf = (choices: readonly string[]) => {
    const found = choices.find((name) => tokenizer.tokenToId(name) !== undefined);
    if (found !== undefined) return tokenizer.tokenToId(found)!;
    throw fault({
      code: "invalid-input",
      place: "tokenizer",
      problem: `expected one of the special tokens ${choices.join(", ")}, got none of them`,
      type: RangeError,
    });
  };
  return { pad: idOf(names.pad), first: idOf(names.first), separator: idOf(names.separator) };
};

/**
 * `<cls> A <sep>` or `<cls> A <sep> B <sep>`, at most `maxLength` tokens: what is too long loses tokens from the end of the
 * longer text.
 */
export const encodeExample = (
  { text, pair }: Example,
  task: Task,
  { tokenizer, special, maxLength }: { tokenizer: Tokenizer; special: SpecialIds; maxLength: number },
): EncodedExample => {
  if (task.kind === "tags") return encodeWords(text, { tokenizer, special, maxLength });
  const first = tokenizer.encodeIds(text, { addSpecialTokens: false });
  const second = pair === undefined ? undefined : tokenizer.encodeIds(pair, { addSpecialTokens: false });
  const [a, b] = kept(first.length, second?.length, maxLength);
  const ids = new Int32Array(a + 2 + (second ? b + 1 : 0));
  const typeIds = new Int32Array(ids.length).fill(1, a + 2);
  ids[0] = special.first;
  ids.set(first.subarray(0, a), 1);
  ids[a + 1] = special.separator;
  if (second) {
    ids.set(second.subarray(0, b), a + 2);
    ids[ids.length - 1] = special.separator;
  }
  return { ids, typeIds, cut: first.length - a + (second ? second.length - b : 0) };
};

const kept = (a: number, b: number | undefined, maxLength: number): [number, number] => {
  if (b === undefined) return [Math.min(a, maxLength - 2), 0];
  const room = maxLength - 3;
  if (a + b <= room) return [a, b];
  const half = Math.ceil(room / 2);
  if (b <= room - half) return [room - b, b];
  return a <= half ? [a, room - a] : [half, room - half];
};

const encodeWords = (
  text: string,
  { tokenizer, special, maxLength }: { tokenizer: Tokenizer; special: SpecialIds; maxLength: number },
): EncodedExample => {
  const encoding = tokenizer.encode(text, { addSpecialTokens: false, offsetUnit: "utf16", truncation: false });
  const count = Math.min(encoding.ids.length, maxLength - 2);
  const ids = Int32Array.from([special.first, ...encoding.ids.slice(0, count), special.separator]);
  const words = wordsOf(text);
  let token = 0;
  const positions = Int32Array.from(words, ({ start, end }) => {
    while (token < count && encoding.offsets[token]![1] <= start) token++;
    return token < count && encoding.offsets[token]![0] < end ? token + 1 : -1;
  });
  return { ids, typeIds: new Int32Array(ids.length), cut: encoding.ids.length - count, words, positions };
};
