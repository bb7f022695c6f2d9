import { createInterface } from "node:readline";
import { fault } from "@cramkit/errors";
import type { Example } from "@cramkit/finetune";
import { type ReadExamplesOptions, readExamples } from "@cramkit/finetune/node";
import { hubWaits, type RunContext } from "@cramkit/recipes";

/**
 * Refuses options for a table without one: standard input is a text a line.
 *
 * @throws RangeError that names the option
 */
export const requireTable = (data: string | undefined, columns: Partial<ReadExamplesOptions>): void => {
  const { text, pair, id, delimiter, quote, escape: escapeSign, encoding, format } = columns;
  const named = Object.entries({
    ...{ text, "text-pair": pair, id, delimiter, quote, escape: escapeSign, encoding, format },
  }).find(([, value]) => value !== undefined);
  if (data === undefined && named)
    throw fault({
      code: "invalid-input",
      place: `--${named[0]}`,
      problem: "expected it with a file, got standard input, a text a line",
      remedy: "name a file with --data",
      type: RangeError,
    });
};

/** The examples of a file, or without one the lines of standard input, a text each. */
export const examplesFrom = (
  data: string | undefined,
  columns: ReadExamplesOptions,
  context: Pick<RunContext, "signal" | "say">,
): AsyncIterable<Example> =>
  data === undefined ? linesOfInput(context) : readExamples(data, { ...columns, hub: hubWaits(context) });

/** A text a line; blank lines are left out. Whoever types may never type again: a signal ends the waiting. */
export async function* linesOfInput(
  { signal }: Pick<RunContext, "signal">,
  input: NodeJS.ReadableStream = process.stdin,
): AsyncGenerator<Example & { readonly place: string }> {
  let line = 0;
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY, signal })) {
    line++;
    if (text.trim() !== "") yield { text, place: `standard input, line ${line}` };
  }
  signal?.throwIfAborted();
}
