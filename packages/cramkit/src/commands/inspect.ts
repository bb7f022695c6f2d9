import { inspectRows } from "@cramkit/packer";
import type { Prepared } from "@cramkit/recipes";
import { print } from "../terminal/output.ts";

/** Prints rows of a prepared set as text, and what its sources gave and its filters took. */
export const inspect = async ({ training, tokenizer, report }: Prepared, count: number): Promise<void> => {
  const stride = Math.max(1, Math.floor(training.rowCount / count));
  const rows = Array.from({ length: Math.min(count, training.rowCount) }, (_, i) => i * stride);
  const decode = (ids: number[]) => tokenizer.decode(ids, { skipSpecialTokens: false });
  for (const { row, text } of await inspectRows(training, rows, decode)) print(`\nrow ${row}: ${text}`);
  for (const line of reportLines(report)) print(line);
};

type Report = Prepared["report"];

/** What became of the text, from its sources to the rows. */
export const reportLines = ({ sources, filters, documents, characters }: Report): string[] => {
  const lines = [""];
  for (const { name, epochs, read, ...taken } of sources) {
    const again = epochs > 1 ? `, read ${epochs} times` : "";
    lines.push(`source ${name}: ${amount(taken)}${again}`);
    if (!read) continue;
    const { badRecords, brokenFiles, files, unwanted, examples } = read;
    const skipped = [
      badRecords > 0 && `${whole(badRecords)} bad records skipped`,
      brokenFiles > 0 && `${whole(brokenFiles)} of ${whole(files)} files broken`,
      unwanted > 0 && `${whole(unwanted)} unwanted`,
    ].filter(Boolean);
    if (skipped.length > 0) lines.push(`  ${skipped.join(", ")}`);
    for (const { file, place, reason } of examples) lines.push(`  ${file}, ${place}: ${excerpt(reason)}`);
  }
  for (const { filter, kept, dropped, changed, examples } of filters) {
    lines.push(`${filter}: kept ${amount(kept)}, dropped ${amount(dropped)}`);
    if (changed.documents > 0) lines.push(`  shortened ${amount(changed)}`);
    for (const { source, id, reason, text } of examples) {
      const place = [source, id].filter((part) => part !== undefined).join(" ");
      lines.push(`  ${[place, reason].filter(Boolean).join(", ")}: "${excerpt(text)}"`);
    }
  }
  lines.push(`before compressibility and holding out: ${amount({ documents, characters })}`);
  return lines;
};

const whole = (value: number) => value.toLocaleString("en-US");

const amount = ({ documents, characters }: { documents: number; characters: number }) =>
  `${whole(documents)} documents (${whole(characters)} characters)`;

const excerpt = (text: string) => {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 100 ? `${line.slice(0, 100)}...` : line;
};
