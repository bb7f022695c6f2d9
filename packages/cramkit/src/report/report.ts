import { basename } from "node:path";
import { differences, type ReportedRun, type RunRecord, readScores, runFiles } from "@cramkit/recipes";
import { computeSection } from "./compute.ts";
import { figuresSection } from "./figures.ts";
import { heldOutSection } from "./held-out.ts";
import { type Html, html, table } from "./html.ts";
import { renderPage } from "./page.ts";
import { glueSection, probeSection } from "./scores.ts";
import { chartData, flopsPerToken } from "./series.ts";

/** A self-contained page about one run, or several side by side. `liveSeconds` makes it ask its server for news. */
export const renderReport = async (
  runs: readonly ReportedRun[],
  {
    liveSeconds,
  }: {
    /** @defaultValue a page that does not renew itself */
    liveSeconds?: number;
  } = {},
): Promise<string> => {
  const names = runNames(runs);
  const glue = await Promise.all(runs.map(({ folder }) => readScores(runFiles(folder).glue)));
  const hasFlops = runs.every((run) => flopsPerToken(run));
  return renderPage({
    title: names.join(" / "),
    intro: runs.length === 1 ? runs[0]!.recipe.description : `${runs.length} runs compared`,
    before: figuresSection(runs, names),
    charts: chartData(runs, names),
    hasFlops,
    after: html`${heldOutSection(runs, names)}${glueSection(glue, names)}${probeSection(runs, names)}${computeSection(runs, names)}`,
    end: recipeSection(runs, names),
    liveSeconds,
  });
};

/** Folder names if recipes share a name, else the recipes' names. */
const runNames = (runs: readonly ReportedRun[]): string[] => {
  const recipes = runs.map((run) => run.recipe.name);
  return new Set(recipes).size === runs.length ? recipes : runs.map((run) => basename(run.folder));
};

/** What of a run's recipe changed after it had begun. */
const changesTable = (run: ReportedRun, name: string): Html => {
  const changes = "changes" in run ? (run.changes as RunRecord["changes"]) : [];
  const rows = changes.flatMap(({ at, step, changes }) =>
    changes.map(({ path, left, right }) => ({
      cells: [
        path,
        JSON.stringify(left) ?? "–",
        JSON.stringify(right) ?? "–",
        String(step),
        at.slice(0, 16).replace("T", " "),
      ],
    })),
  );
  return rows.length > 0
    ? html`${table({ head: [`${name}: changed during the run`, "from", "to", "from step", "when (UTC)"], rows })}`
    : html``;
};

export const recipeSection = (runs: readonly ReportedRun[], names: readonly string[]): Html => {
  const paths = [
    ...new Set(runs.slice(1).flatMap((run) => differences(runs[0]!.recipe, run.recipe).map(({ path }) => path))),
  ];
  const at = (recipe: unknown, path: string): unknown =>
    path.split(".").reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], recipe);
  const rows = paths.map((path) => ({
    cells: [path, ...runs.map(({ recipe }) => JSON.stringify(at(recipe, path)) ?? "–")],
  }));
  return html`<h2>${runs.length === 1 ? "Recipe" : "Recipes"}</h2>${rows.length > 0 ? table({ head: ["settings that differ", ...names], rows }) : ""}
${runs.map((run, index) => changesTable(run, names[index]!))}
${runs.map((run, index) => html`<details><summary>${names[index]}, all settings</summary><pre tabindex="0">${JSON.stringify(run.recipe, null, 2)}</pre></details>`)}`;
};
