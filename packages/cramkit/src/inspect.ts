import { inspectRows } from "@cramkit/packer";
import type { Prepared } from "@cramkit/recipes";

/** Prints rows of a prepared set as text, and what its sources gave and its filters took. */
export const inspect = async ({ training, tokenizer }: Prepared, count: number): Promise<void> => {
  const stride = Math.max(1, Math.floor(training.rowCount / count));
  const rows = Array.from({ length: Math.min(count, training.rowCount) }, (_, i) => i * stride);
  const decode = (ids: number[]) => tokenizer.decode(ids, { skipSpecialTokens: false });
  for (const { row, text } of await inspectRows(training, rows, decode)) console.log(`\nrow ${row}: ${text}`);
  console.log(`\n${JSON.stringify(training.manifest.report, null, 2)}`);
};
