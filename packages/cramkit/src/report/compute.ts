import { publishedCompute, type RunRecord } from "@cramkit/recipes";
import { flop, times } from "./format.ts";
import { type Html, html, table } from "./html.ts";

/** The compute of the runs beside that of the study and of what it compares itself with. */
export const computeSection = (runs: readonly RunRecord[], names: readonly string[]): Html => {
  const ours = runs.flatMap(({ summary }, index) =>
    summary ? [{ name: names[index]!, exaFlop: (summary.tokens * summary.flopsPerToken) / 1e18, ours: true }] : [],
  );
  if (ours.length === 0) return html``;
  const rows = [...ours, ...publishedCompute].map((row) => ({
    ours: "ours" in row,
    cells: [row.name, flop(row.exaFlop * 1e18), ...ours.map((own) => times(row.exaFlop / own.exaFlop))],
  }));
  return html`<h2>Compute</h2>${table({
    head: ["", "compute", ...ours.map(({ name }) => `against ${name}`)],
    rows,
    caption:
      "Ours: useful operations, counted from the configuration. Published: peak rate of the hardware times its hours, as the study counts, so the two are not the same measure.",
  })}`;
};
