import { dirname, join } from "node:path";
import { makeFolder, writeFileAtomic } from "@cramkit/files";
import { sweepFiles } from "@cramkit/recipes";
import { computeSection } from "../compute.ts";
import { html, raw } from "../html.ts";
import { renderPage } from "../page.ts";
import { recipeSection } from "../report.ts";
import { chartData, flopsPerToken } from "../series.ts";
import { type ReportFile, sweepCharts, sweepTables } from "./charts.ts";
import { readSweep, type SweepData } from "./read-sweep.ts";
import { differenceSection, scoreSection, stateSection, sweepGlueSection } from "./sections.ts";

/**
 * Writes the report of a sweep, as far as it has come: a page, its charts as SVG, its data as CSV, all in the folder of the
 * sweep, or the page elsewhere. Resolves to what it says of them.
 */
export const writeSweepReport = async (folder: string, page = sweepFiles(folder).report): Promise<string> => {
  const data = await readSweep(folder);
  const charts = sweepCharts(data);
  const tables = sweepTables(data);
  for (const { name, text } of [...charts, ...tables]) {
    const path = join(folder, name);
    await makeFolder(dirname(path));
    await writeFileAtomic(path, text);
  }
  await writeFileAtomic(page, await renderSweep(data, charts));
  return `report: ${page}; charts as SVG in ${join(folder, "charts")}, data as CSV in ${join(folder, "data")}`;
};

/** The page of a sweep. */
const renderSweep = (data: SweepData, charts: readonly ReportFile[]): Promise<string> => {
  const { record, runs } = data;
  const records = runs.map(({ run }) => run);
  const variants = [...new Set(runs.map(({ result }) => result.variant))];
  const seeds = new Set(runs.map(({ result }) => result.seed)).size;
  const names = runs.map(({ result: { variant, seed } }) => (seeds > 1 ? `${variant}, seed ${seed}` : variant));
  const groups = runs.map(({ result }) => variants.indexOf(result.variant));
  const scores = charts.filter(({ name }) => !name.startsWith("charts/loss-"));
  return renderPage({
    title: record.sweep.name,
    intro: record.sweep.description,
    before: html`${stateSection(data)}${scoreSection(data)}${differenceSection(data)}`,
    charts: chartData(records, names, groups),
    hasFlops: records.length > 0 && records.every((run) => flopsPerToken(run)),
    after: html`<h2>Scores as charts</h2>${scores.map(({ text }) => html`<div class="table" role="group" tabindex="0" aria-label="chart">${raw(text)}</div>`)}${sweepGlueSection(data)}${computeSection(records.slice(0, 1), names)}`,
    end: records.length > 0 ? recipeSection(records, names) : html``,
  });
};
