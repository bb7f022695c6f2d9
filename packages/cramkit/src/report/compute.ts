import { publishedCompute, type ReportedRun } from "@cramkit/recipes";
import { flop, times } from "./format.ts";
import { type Html, html, table } from "./html.ts";
import { flopsPerToken } from "./series.ts";

/** The compute of the runs beside that of the study and of what it compares itself with. */
export const computeSection = (runs: readonly ReportedRun[], names: readonly string[]): Html => {
  const ours = runs.flatMap((run, index) => {
    const [tokens, perToken] = [run.metrics.at(-1)?.tokens, flopsPerToken(run)];
    if (typeof tokens !== "number" || !perToken) return [];
    return [{ name: names[index]!, exaFlop: (tokens * perToken) / 1e18, ours: true }];
  });
  if (ours.length === 0) return html``;
  const rows = [...ours, ...publishedCompute].map((row) => ({
    ours: "ours" in row,
    cells: [row.name, flop(row.exaFlop * 1e18), ...ours.map((own) => times(row.exaFlop / own.exaFlop))],
  }));
  return html`<h2>Compute</h2>${table({
    head: ["", "compute", ...ours.map(({ name }) => `relative to ${name}`)],
    rows,
    caption:
      "Your runs: useful operations, counted from the configuration. Published runs: peak rate of the hardware times hours, as the study counts. The two measures differ.",
  })}`;
};
