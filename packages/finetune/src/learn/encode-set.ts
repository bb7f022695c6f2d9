import type { Tokenizer } from "@cramkit/tokenizer";
import { encodeExample, type SpecialIds } from "../encode/encode.ts";
import { sayCount } from "../encode/say-count.ts";
import type { Example } from "../examples/example.ts";
import type { Task } from "../examples/task.ts";
import { type TargetRow, targetOf } from "./targets.ts";

export interface EncodeSetOptions {
  readonly tokenizer: Tokenizer;
  readonly special: SpecialIds;
  readonly maxLength: number;
  readonly role: string;
  readonly say: (line: string) => void;
  readonly pause: () => Promise<void>;
}

/** Encodes the examples of a set, and says how many of them lost something. */
export const encodeSet = async (
  task: Task,
  examples: readonly Example[],
  { role, say, pause, ...encoding }: EncodeSetOptions,
): Promise<TargetRow[]> => {
  const rows: TargetRow[] = [];
  const notes = { cut: [] as number[], widened: [] as number[], lost: [] as number[] };
  for (const [index, example] of examples.entries()) {
    const row = encodeExample(example, task, encoding);
    const { target, widened, lost } = targetOf(task, example, row);
    if (row.cut > 0) notes.cut.push(index);
    if (widened > 0) notes.widened.push(index);
    if (lost > 0) notes.lost.push(index);
    rows.push({ ...row, target });
    await pause();
  }
  const tell = (found: readonly number[], what: string) => sayCount(say, { examples, role, found }, what);
  tell(notes.cut, `have more than ${encoding.maxLength} tokens and were cut`);
  tell(notes.widened, "have spans that begin or end inside a word and were widened to it");
  tell(notes.lost, "have spans without a word of their own, which no tag can hold");
  return rows;
};
