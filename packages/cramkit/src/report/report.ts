import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { differences, type RunRecord, readScores, runFiles } from "@cramkit/recipes";
import { plainText } from "../terminal/plain-text.ts";
import { computeSection } from "./compute.ts";
import { figuresSection } from "./figures.ts";
import { heldOutSection } from "./held-out.ts";
import { type Html, html, raw, table } from "./html.ts";
import { worker as chartScript } from "./page/script.generated.ts";
import { glueSection, probeSection } from "./scores.ts";
import { chartData, flopsPerToken } from "./series.ts";
import { style } from "./style.ts";

/** A self-contained page about one run, or several side by side. `liveSeconds` makes it ask its server for news. */
export const renderReport = async (
  runs: readonly RunRecord[],
  {
    liveSeconds,
  }: {
    /** @defaultValue a page that does not renew itself */
    liveSeconds?: number;
  } = {},
): Promise<string> => {
  const names = runNames(runs);
  const glue = await Promise.all(runs.map(({ folder }) => readScores(runFiles(folder).glue)));
  const data = plainText(JSON.stringify(chartData(runs, names))).replaceAll("<", "\\u003c");
  const hasFlops = runs.every((run) => flopsPerToken(run));
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Cramkit: ${names.join(", ")}</title>
<style>${raw(await asset("uplot/dist/uPlot.min.css"))}${raw(style)}</style></head>
<body${liveSeconds ? html` data-seconds="${liveSeconds}"` : ""}>
<h1>${names.join(" / ")}</h1>
<p class="muted">${runs.length === 1 ? runs[0]!.recipe.description : `${runs.length} runs side by side`}${liveSeconds ? html` · <span id="state">live</span>` : ""}</p>
<div class="live">${figuresSection(runs, names)}</div>
<h2>Training</h2>
<p class="bar"><label>against <select id="axis"><option value="tokens">tokens</option><option value="minutes">time</option>
${hasFlops ? raw('<option value="flops">floating-point operations</option>') : ""}</select></label>
<span class="muted">drag to zoom in, double-click to zoom out; thin: as measured, thick: averaged</span></p>
<div id="charts"></div>
<div class="live">${heldOutSection(runs, names)}${glueSection(glue, names)}${probeSection(runs, names)}${computeSection(runs, names)}</div>
${recipeSection(runs, names)}
<script type="application/json" id="data">${raw(data)}</script>
<script>${raw(await asset("uplot/dist/uPlot.iife.min.js"))}${raw(chartScript)}</script>
</body></html>
`;
  return page.html;
};

const asset = (path: string): Promise<string> => readFile(createRequire(import.meta.url).resolve(path), "utf8");

/** Folder names where recipes share a name, else the recipes' names. */
const runNames = (runs: readonly RunRecord[]): string[] => {
  const recipes = runs.map((run) => run.recipe.name);
  return new Set(recipes).size === runs.length ? recipes : runs.map((run) => basename(run.folder));
};

const recipeSection = (runs: readonly RunRecord[], names: readonly string[]): Html => {
  const paths = [
    ...new Set(runs.slice(1).flatMap((run) => differences(runs[0]!.recipe, run.recipe).map(({ path }) => path))),
  ];
  const at = (recipe: unknown, path: string): unknown =>
    path.split(".").reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], recipe);
  const rows = paths.map((path) => ({
    cells: [path, ...runs.map(({ recipe }) => JSON.stringify(at(recipe, path)) ?? "–")],
  }));
  return html`<h2>${runs.length === 1 ? "Recipe" : "Recipes"}</h2>${rows.length > 0 ? table({ head: ["where they differ", ...names], rows }) : ""}
${runs.map((run, index) => html`<details><summary>${names[index]}, all settings</summary><pre>${JSON.stringify(run.recipe, null, 2)}</pre></details>`)}`;
};
