import { createInterface } from "node:readline";
import type { Example } from "@cramkit/finetune";
import { type ReadExamplesOptions, readExamples } from "@cramkit/finetune/node";

/**
 * The examples of a file, or without one the lines of standard input, a text each.
 *
 * @throws RangeError over an option for a table, where there is none
 */
export const examplesFrom = (data: string | undefined, columns: ReadExamplesOptions): AsyncIterable<Example> => {
  if (data !== undefined) return readExamples(data, columns);
  const { text, pair, id, delimiter, format } = columns;
  const named = Object.entries({ text, "text-pair": pair, id, delimiter, format }).find(
    ([, value]) => value !== undefined,
  );
  if (named)
    throw new RangeError(
      `--${named[0]}: expected it with a file, got standard input, a text a line; name a file with --data`,
    );
  return linesOfInput();
};

/** A text a line; blank lines are left out. */
export async function* linesOfInput(): AsyncGenerator<Example & { readonly place: string }> {
  let line = 0;
  for await (const text of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    line++;
    if (text.trim() !== "") yield { text, place: `standard input, line ${line}` };
  }
}
