import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { plainText } from "../terminal/plain-text.ts";
import { type Html, html, raw } from "./html.ts";
import { worker as chartScript } from "./page/script.generated.ts";
import type { chartData } from "./series.ts";
import { style } from "./style.ts";

export interface Page {
  readonly title: string;
  readonly intro: string;
  /** Above the charts. */
  readonly before: Html;
  readonly charts: ReturnType<typeof chartData>;
  /** Whether they can be drawn against operations. */
  readonly hasFlops: boolean;
  /** Below the charts. */
  readonly after: Html;
  /** At the end, as nothing changes while a run goes on. */
  readonly end: Html;
  /** Asks its server for news so often. @defaultValue a page that stays as it is */
  readonly liveSeconds?: number;
}

/** A self-contained page with charts that its reader can zoom and hover over. */
export const renderPage = async ({
  title,
  intro,
  before,
  charts,
  hasFlops,
  after,
  end,
  liveSeconds,
}: Page): Promise<string> => {
  const data = plainText(JSON.stringify(charts)).replaceAll("<", "\\u003c");
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Cramkit: ${title.replaceAll(" / ", ", ")}</title>
<style>${raw(await asset("uplot/dist/uPlot.min.css"))}${raw(style)}</style></head>
<body${charts.runs.length > 1 ? raw(' class="side-by-side"') : ""}${liveSeconds ? html` data-seconds="${liveSeconds}"` : ""}>
<main>
<h1>${title}</h1>
<p class="muted">${intro}${liveSeconds ? html` · <span id="state">live</span>` : ""}</p>
<div class="live">${before}</div>
<h2>Training</h2>
<p class="bar"><label>plot against <select id="axis"><option value="tokens">tokens</option><option value="minutes">time</option>
${hasFlops ? raw('<option value="flops">floating-point operations</option>') : ""}</select></label>
<span class="muted">drag to zoom in, double-click to zoom out; thin lines: raw values; thick lines: smoothed</span></p>
<div id="charts"></div>
<div class="live">${after}</div>
${end}
</main>
<script type="application/json" id="data">${raw(data)}</script>
<script>${raw(await asset("uplot/dist/uPlot.iife.min.js"))}${raw(chartScript)}</script>
</body></html>
`;
  return page.html;
};

const asset = (path: string): Promise<string> => readFile(createRequire(import.meta.url).resolve(path), "utf8");
