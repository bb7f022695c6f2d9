import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publishedRows } from "@cramkit/glue";
import { openComposedLog, type RunRecord, readReportedRun, recipes } from "@cramkit/recipes";
import { expect, it } from "vitest";
import { energy, flop, times } from "./format.ts";
import { html } from "./html.ts";
import { renderReport } from "./report.ts";

const run = (name: string): RunRecord => ({
  folder: `/runs/${name}`,
  recipe: { ...recipes.smoke(), name, description: "</script><b>not bold</b>" },
  changes: [],
  metrics: [
    { microbatch: 1, tokens: 100, elapsedMs: 60_000, loss: 5, learningRate: 0.1 },
    { microbatch: 2, tokens: 200, elapsedMs: 120_000, loss: null, heldOutLoss: 4.5 },
  ],
  summary: {
    parameters: 1000,
    flopsPerToken: 1e6,
    microbatches: 2,
    steps: 2,
    tokens: 200,
    elapsedMs: 120_000,
    evaluationMs: 1,
    checkpointMs: 1,
    longestCheckpointMs: 1,
    microbatchSize: 1,
    finishedMs: 1,
    peakMemoryBytes: 1e8,
    backend: "test",
    hardware: "test",
    node: "20",
    rowsPrepared: 10,
    epochs: 1,
  },
  masked: {
    rows: 1,
    positions: 8,
    trained: { loss: 4, accuracy: 0.5 },
    untrained: { loss: 8, accuracy: 0 },
    unigram: { loss: 6, accuracy: 0.1 },
  },
});

it("writes one self-contained page", async () => {
  const page = await renderReport([run("one")]);
  expect(page).toMatch(/^<!doctype html>/);
  expect(page).not.toMatch(/<(script|link|img)[^>]+(src|href)=/);
  expect(page).toContain("2.000 nats"); // below the unigram baseline
  expect(page).toContain("uPlot");
});

it("lets nothing of a run become markup", async () => {
  const page = await renderReport([run("one")]);
  expect(page).not.toContain("<b>not bold");
  const series = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)![1]!;
  expect(JSON.parse(series).runs[0]).toMatchObject({
    tokens: [100, 200],
    minutes: [1, 2],
    flops: [1e8, 2e8],
    loss: [5, null],
    heldOutLoss: [null, 4.5],
  });
});

it("breaks long settings of runs side by side, and lets the keyboard scroll what is wider than the page", async () => {
  const two = run("two");
  const page = await renderReport([
    run("one"),
    { ...two, recipe: { ...two.recipe, description: "a long description" } },
    { ...two, recipe: { ...two.recipe, description: "/a/folder/of/a/long/name" } },
  ]);
  expect(page).toContain('<td class="long">&#34;a long description&#34;</td>');
  expect(page).toContain('<td class="long endless">&#34;/a/folder/of/a/long/name&#34;</td>');
  expect(page).toContain('role="group" tabindex="0" aria-label="settings that differ"');
  expect(page).toContain('<body class="side-by-side">');
});

it("puts runs side by side, by recipe or by folder, with what differs", async () => {
  const two = run("two");
  const page = await renderReport([run("one"), { ...two, recipe: { ...two.recipe, seed: 77 } }]);
  expect(page).toContain("<h1>one / two</h1>");
  expect(page).toMatch(/<td>training time<\/td><td>2 min 00 s<\/td><td>2 min 00 s<\/td>/);
  expect(page).toMatch(/<td>seed<\/td><td>1<\/td><td>77<\/td>/);
  expect(page).toContain("their losses are measured on different tokens");
  const same = { ...run("one"), folder: "/runs/again" };
  expect(await renderReport([run("one"), same])).toContain("<h1>one / again</h1>");
});

it("shows a run that has only begun, and asks for news where it is live", async () => {
  const { summary: _, masked: __, ...begun } = run("one");
  expect(await renderReport([{ ...begun, metrics: [] }], { liveSeconds: 5 })).toContain('<body data-seconds="5">');
  const rates = { fraction: 0.25, tokensPerSecond: 10, flopsPerSecond: 1e7 };
  const page = await renderReport([{ ...begun, metrics: begun.metrics.map((row) => ({ ...row, ...rates })) }]);
  expect(page).toMatch(/<dt>time left<\/dt><dd>6 min 00 s<\/dd>/);
  expect(page).toContain("<dt>compute</dt><dd>200 megaFLOP</dd>"); // 200 tokens of 1e6
});

it("leaves out a chart that would be a level line, and what was not measured", async () => {
  const one = run("one");
  const metrics = [0.5, 0.6].map((used) => ({ tokens: 100 * used, batchSize: 8, modelFlopsUtilisation: used }));
  const page = await renderReport([{ ...one, metrics }]);
  expect(page).toContain("Model FLOPs utilisation");
  expect(page).not.toContain("Batch size (examples)");
  expect(page).not.toContain("Loss scale");
  expect(page).toContain("<dt>model FLOPs utilisation</dt><dd>55.0 %</dd>");
});

it("puts the compute of a run beside BERT's, Izsak's and RoBERTa's", async () => {
  const big = { ...run("one"), metrics: [{ tokens: 9e9 }] };
  const page = await renderReport([{ ...big, summary: { ...big.summary!, flopsPerToken: 1e9 } }]);
  for (const row of ["9.00 exaFLOP", "86.0 exaFLOP", "680 exaFLOP", "11,059 exaFLOP"]) expect(page).toContain(row);
  expect(page).toContain("<td>75.6 ×</td>");
});

it("shows GLUE as it lies in the run's folder, above what was published", async () => {
  const folder = mkdtempSync(join(tmpdir(), "report-"));
  mkdirSync(join(folder, "glue"));
  const measured = { name: "one", source: "measured, 3 trials", scores: { RTE: { value: 55.25 } }, notes: ["A note."] };
  writeFileSync(join(folder, "glue", "scores.json"), JSON.stringify([measured, ...publishedRows]));
  const page = await renderReport([{ ...run("one"), folder }]);
  expect(page).toMatch(
    /<tr class="ours"><td>one<small>measured, 3 trials<\/small><\/td>(<td>–<\/td>){4}<td>55\.3<\/td>/,
  );
  expect(page).toContain("<td>crammed v2, A6000<small>");
  expect(page.split("RoBERTa-base<small>")).toHaveLength(2);
  expect(page).toContain("A note.");
});

it("escapes text and joins lists", () => {
  expect(html`<p title="${'"'}">${["<a>", html`<br>`, undefined, 3]}</p>`.html).toBe(
    '<p title="&#34;">&#60;a&#62;<br>3</p>',
  );
});

it("names amounts in the unit that fits", () => {
  expect([3.2e12, 1.337e19, 1.1059e22].map(flop)).toEqual(["3.20 teraFLOP", "13.4 exaFLOP", "11,059 exaFLOP"]);
  expect([1, 0.384, 1.66e6].map(times)).toEqual(["1 ×", "0.38 ×", "1.66 million ×"]);
  expect([7200, 1.08e7].map(energy)).toEqual(["2.00 Wh", "3.00 kWh"]);
});

it("takes an object of a file with an html field for text, and shows no control characters", async () => {
  const one = run("one");
  const summary = { ...one.summary!, node: { html: "<img src=x onerror=alert(1)>" } as unknown as string };
  const page = await renderReport([{ ...one, summary, recipe: { ...one.recipe, description: "a\u001b[31mb\u202ec" } }]);
  expect(page).not.toContain("<img");
  expect(page).toContain("&#60;img src=x");
  expect(page).toContain("a\\u001b[31mb\\u202ec");
});

it("takes nothing of GLUE's scores for markup", async () => {
  const folder = mkdtempSync(join(tmpdir(), "cramkit-"));
  mkdirSync(join(folder, "glue"));
  const row = { ...publishedRows[0]!, name: { html: "<svg onload=alert(1)>" } };
  writeFileSync(join(folder, "glue", "scores.json"), JSON.stringify([row]));
  expect(await renderReport([{ ...run("one"), folder }])).not.toContain("<svg");
});

it("shows a run that no recipe made, alone and beside one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "report-"));
  const log = await openComposedLog(folder, { name: "by-hand", description: "Two steps.", width: 3 });
  for (const step of [1, 2]) {
    const progress = { microbatch: step, step, examples: step, tokens: 100 * step, elapsedMs: 60_000 * step };
    await log.add({ progress: { ...progress, fraction: step / 2 }, loss: Promise.resolve(5 - step) });
  }
  await log.close();
  const composed = await readReportedRun(folder);
  const alone = await renderReport([composed]);
  expect(alone).toContain("<h1>by-hand</h1>");
  expect(alone).toContain("Two steps.");
  expect(alone).toMatch(/width\S+: 3/);
  expect(await renderReport([run("a"), composed])).toContain("2 runs compared");
});

it("shows what of a recipe changed on the way, from which step on", async () => {
  const changes = [{ path: "training.budget", left: "4 steps", right: "9 steps" }];
  const changed = { ...run("one"), changes: [{ at: "2026-01-02T03:04:05.000Z", step: 4, microbatch: 8, changes }] };
  const page = await renderReport([changed]);
  for (const part of ["changed during the run", "training.budget", "4 steps", "9 steps", "2026-01-02 03:04"])
    expect(page).toContain(part);
  expect(await renderReport([run("one")])).not.toContain("changed during the run");
});
