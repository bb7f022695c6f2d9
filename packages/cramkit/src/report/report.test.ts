import { type RunRecord, recipes } from "@cramkit/recipes";
import { expect, it } from "vitest";
import { flop } from "./format.ts";
import { html } from "./html.ts";
import { renderReport } from "./report.ts";

const run = (name: string): RunRecord => ({
  folder: `/runs/${name}`,
  recipe: { ...recipes.smoke(), name, description: "</script><b>not bold</b>" },
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
  expect(page).toContain("2.000 nats"); // below the unigram model
  expect(page).toContain("uPlot");
});

it("lets nothing of a run become markup", async () => {
  const page = await renderReport([run("one")]);
  expect(page).not.toContain("<b>not bold");
  const series = /<script type="application\/json" id="runs">(.*?)<\/script>/s.exec(page)![1]!;
  expect(JSON.parse(series)[0]).toMatchObject({
    tokens: [100, 200],
    loss: [5, null],
    heldOutLoss: [null, 4.5],
    flops: [1e8, 2e8],
  });
});

it("puts runs side by side, by recipe or by folder", async () => {
  expect(await renderReport([run("one"), run("two")])).toContain("<h1>one / two</h1>");
  const same = { ...run("one"), folder: "/runs/again" };
  expect(await renderReport([run("one"), same])).toContain("<h1>one / again</h1>");
});

it("shows a run that has only begun", async () => {
  const { summary: _, masked: __, ...begun } = run("one");
  expect(await renderReport([{ ...begun, metrics: [] }], { liveSeconds: 5 })).toContain(
    'http-equiv="refresh" content="5"',
  );
});

it("escapes text and joins lists", () => {
  expect(html`<p title="${'"'}">${["<a>", html`<br>`, undefined, 3]}</p>`.html).toBe(
    '<p title="&#34;">&#60;a&#62;<br>3</p>',
  );
});

it("names compute in the unit that fits", () => {
  expect([3.2e12, 1.337e19, 5].map(flop)).toEqual(["3.20 teraFLOP", "13.4 exaFLOP", "5.00e-9 gigaFLOP"]);
});
