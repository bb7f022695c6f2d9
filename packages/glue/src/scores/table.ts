/** A table of texts, for a terminal or a document. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly string[];
}

const number = /^[-–]?[\d.]*%?[*!]*$/;

/** Aligned columns for a terminal: numbers to the right, all else to the left. */
export const tableText = ({ columns, rows, notes }: Table): string => {
  const widths = columns.map((title, i) =>
    Math.max(...[title, ...rows.map((row) => row[i]!)].map((cell) => cell.length)),
  );
  const right = columns.map((_, i) => i > 0 && rows.every((row) => number.test(row[i]!)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (right[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return [line(columns), rule, ...rows.map(line), ...(notes.length > 0 ? ["", ...notes] : [])].join("\n");
};

/** The same as a Markdown table with its notes below. */
export const tableMarkdown = ({ columns, rows, notes }: Table): string => {
  const escaped = (cell: string) => cell.replaceAll("|", "\\|").replaceAll("*", "\\*");
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(" | ")} |`;
  const right = columns.map((_, i) => i > 0 && rows.every((row) => number.test(row[i]!)));
  const rule = `|${right.map((each) => (each ? "---:" : "---")).join("|")}|`;
  return [line(columns), rule, ...rows.map(line), ...notes.flatMap((note) => ["", escaped(note)])].join("\n");
};
