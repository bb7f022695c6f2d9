import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderReport } from "../packages/cramkit/src/index.ts";
import { finetuneRecord } from "../packages/cramkit/src/report/finetune/finetune-record.testing.ts";
import { finetuneReport } from "../packages/cramkit/src/report/finetune/finetune-report.ts";
import { createReportServer } from "../packages/cramkit/src/report/serve-report.ts";
import { sweepFolder } from "../packages/cramkit/src/report/sweep/sweep-folder.testing.ts";
import { writeSweepReport } from "../packages/cramkit/src/report/sweep/write-sweep-report.ts";
import { type RunRecord, recipes } from "../packages/recipes/src/index.ts";
import { browserCommand, isChromium, openBrowser } from "../playground/src/testing/visitor.testing.ts";

// Pages as a browser shows them: reports of several runs, and the documentation site, both opened as files.

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const site = resolve("docs/dist");
if (!existsSync(site))
  console.warn("\n######## The documentation site is NOT TESTED in a browser: `pnpm site` builds it ########\n");

/** A run of eight, with a setting that is too long for a column. */
const runNumber = (index: number): RunRecord => {
  const recipe = recipes.smoke();
  const path = `/home/somebody/texts/a-folder-with-a-long-name/part-${index}/*.jsonl.zst`;
  return {
    folder: `/runs/quickstart-on-my-texts-${index}`,
    recipe: {
      ...recipe,
      name: `quickstart-on-my-texts-${index}`,
      corpus: { ...recipe.corpus, sources: [{ kind: "files", path }] },
    },
    changes: [],
    metrics: [1, 2].map((n) => ({
      microbatch: n,
      tokens: 100 * n,
      elapsedMs: 6e4 * n,
      loss: 6 - n,
      learningRate: 0.1,
    })),
    summary: {
      ...{ parameters: 119.6e6, flopsPerToken: 7e8, microbatches: 2, steps: 2, tokens: 2e9, elapsedMs: 1.2e7 },
      ...{ evaluationMs: 1, checkpointMs: 1, longestCheckpointMs: 1, microbatchSize: 1, finishedMs: 1 },
      ...{ peakMemoryBytes: 1e8, backend: "test", hardware: "test", node: "20", rowsPrepared: 10, epochs: 1 },
    },
    masked: {
      ...{ rows: 1, positions: 8, trained: { loss: 4, accuracy: 0.5 } },
      ...{ untrained: { loss: 8, accuracy: 0 }, unigram: { loss: 6, accuracy: 0.1 } },
    },
  };
};

/** Letters of the longest word that a page shows; what is marked up within a word does not end it. */
const longestWord = (html: string): number => {
  const shown = html
    .replace(/<script[\s\S]*?<\/script>|<br\/?>|<\/(?:h\d|p|li|div|td|th|dt|dd)>/g, " ")
    .replace(/<[^>]*>/g, "");
  return Math.max(...shown.split(/\s+/).map((word) => word.length));
};

describe.runIf(browserCommand)("in a browser", () => {
  let browser: Browser;
  const folder = mkdtempSync(join(tmpdir(), "pages-"));
  beforeAll(async () => {
    browser = await openBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = async (address: string, width: number, scheme = "light") => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.setViewport({ width, height: 900 });
    // Puppeteer cannot ask Firefox for another scheme.
    if (isChromium) await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.goto(address.startsWith("http:") ? address : pathToFileURL(address).href);
    return { page, errors };
  };
  const findings = async (page: Page): Promise<string[]> => {
    await page.evaluate(axe);
    return page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      };
      return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`);
    });
  };
  /** How far each table goes on beyond its right edge, in pixels. */
  const hiddenBy = (page: Page): Promise<number[]> =>
    page.evaluate(() =>
      Array.from(document.querySelectorAll(".table"), (table) => table.scrollWidth - table.clientWidth),
    );

  /** Words in heads of tables that do not fit on a line of their cell. */
  const brokenWords = (page: Page): Promise<string[]> =>
    page.evaluate(() =>
      Array.from(document.querySelectorAll<HTMLElement>(".table th")).flatMap((cell) => {
        const { font, paddingLeft, paddingRight } = getComputedStyle(cell);
        const canvas = document.createElement("canvas").getContext("2d")!;
        canvas.font = font;
        const room = cell.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight);
        return cell.textContent.split(/[\s-]+/).filter((word) => canvas.measureText(word).width > room + 1);
      }),
    );

  it("a report breaks no word of a table's head", { timeout: 120_000 }, async () => {
    const file = join(folder, "one.html");
    writeFileSync(file, await renderReport([runNumber(0)]));
    for (const width of [360, 1280]) {
      const { page } = await open(file, width);
      expect(await page.evaluate(() => document.body.textContent)).toContain("accuracy");
      expect(await brokenWords(page)).toEqual([]);
      await page.close();
    }
  });

  it("a report shows every one of eight runs at 1280 pixels, in every table", { timeout: 120_000 }, async () => {
    const file = join(folder, "report.html");
    writeFileSync(file, await renderReport(Array.from({ length: 8 }, (_, index) => runNumber(index))));
    const wide = await open(file, 1280);
    expect((await hiddenBy(wide.page)).filter((pixels) => pixels > 0)).toEqual([]);
    expect(wide.errors).toEqual([]);
    const narrow = await open(file, 360, "dark");
    expect(Math.max(...(await hiddenBy(narrow.page)))).toBeGreaterThan(100);
    expect(await narrow.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    expect(await findings(wide.page)).toEqual([]);
    expect(await findings(narrow.page)).toEqual([]);
  });

  const isFitFor = async (address: string, width: number, scheme: string) => {
    const { page, errors } = await open(address, width, scheme);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    expect(await findings(page), `${width} ${scheme}`).toEqual([]);
    expect(errors).toEqual([]);
    return page;
  };
  const sizes = [
    [360, "dark"],
    [1280, "light"],
    [2560, "dark"],
  ] as const;

  it("reports of a finetuning and of a sweep have no finding of axe", { timeout: 120_000 }, async () => {
    const file = join(folder, "finetune.html");
    writeFileSync(file, finetuneReport(finetuneRecord));
    const runs = sweepFolder([
      { variant: "full", losses: [4, 4.2] },
      { variant: "without, gate", losses: [4.5, 4.6], settings: { "model.activation": "gelu" } },
      { variant: "broken", settings: { seed: -1 } },
    ]);
    const sweep = join(runs, "report.html");
    await writeSweepReport(runs, sweep);
    for (const address of [file, sweep])
      for (const [width, scheme] of sizes) {
        const page = await isFitFor(address, width, scheme);
        // A chart alone in its row is no larger than one of two.
        const widest = await page.evaluate(() =>
          Math.max(0, ...Array.from(document.querySelectorAll(".plots figure"), (figure) => figure.clientWidth)),
        );
        expect(widest).toBeLessThan(600);
        await page.close();
      }
  });

  // Its policy lets no script of ours in, but those of Chromium's protocol.
  it.runIf(isChromium)("a live view shows what the run has added, in its place", { timeout: 120_000 }, async () => {
    const run = runNumber(0);
    const longer = {
      ...run,
      metrics: [...run.metrics, { microbatch: 3, tokens: 300, elapsedMs: 18e4, loss: 3.25, learningRate: 0.1 }],
      summary: undefined,
    };
    let shown: RunRecord = { ...run, summary: undefined };
    const render = () => renderReport([shown], { liveSeconds: 1 });
    const version = async () => `${shown.metrics.length}`;
    const server = createReportServer({ render, version, periodMs: 100 }).listen(0);
    try {
      const { port } = server.address() as { port: number };
      const page = await isFitFor(`http://localhost:${port}/`, 1280, "light");
      expect(await page.evaluate(() => document.body.textContent.includes("3.25"))).toBe(false);
      shown = longer;
      const parts = '[...document.querySelectorAll(".live")].some((part) => part.textContent.includes("3.25"))';
      await page.waitForFunction(parts, { timeout: 30_000 });
    } finally {
      server.close();
    }
  });

  describe.runIf(existsSync(site))("the site, from a folder", () => {
    it("finds words of pages and names of interfaces", { timeout: 120_000 }, async () => {
      const { page, errors } = await open(join(site, "guides", "compose.html"), 1280);
      const find = async (words: string): Promise<string[]> => {
        await page.evaluate(() => (document.querySelector("#tsd-search-trigger") as HTMLElement).click());
        await page.waitForSelector("#tsd-search-input", { visible: true });
        await page.evaluate((text) => {
          const input = document.querySelector("#tsd-search-input") as HTMLInputElement;
          input.value = text;
          input.dispatchEvent(new Event("input", { bubbles: true }));
        }, words);
        await page.waitForFunction(() => document.querySelectorAll("#tsd-search-results a").length > 0);
        return page.evaluate(() =>
          Array.from(document.querySelectorAll<HTMLAnchorElement>("#tsd-search-results a"), ({ href }) => href),
        );
      };
      const found = await find("maskedBatches");
      expect(found.some((address) => address.endsWith("/packer/maskedBatches.html"))).toBe(true);
      for (const address of found) expect(existsSync(new URL(address.split("#")[0]!)), address).toBe(true);
      expect(errors).toEqual([]);
    });

    const shown = [
      "index",
      "guides/a-day-on-a-gpu",
      "packages/recipes/settings",
      "architecture",
      "measurements",
      "commands",
      "logs/preparing",
      "api/packer",
      "api/packer/Masker",
      "api/packer/maskedBatches",
    ];
    it.each(shown)("%s has no finding of axe, and never scrolls sideways", { timeout: 120_000 }, async (name) => {
      for (const [width, scheme] of sizes) {
        const page = await isFitFor(join(site, `${name}.html`), width, scheme);
        await page.waitForSelector(".tsd-navigation a");
        await page.close();
      }
    });

    it("never scrolls sideways on a narrow screen, and no line of code covers the shadow", {
      timeout: 240_000,
    }, async () => {
      const all = readdirSync(site, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".html"));
      const written = all.filter((name) => !/^(api|media|assets)/.test(name));
      expect(written.length).toBeGreaterThan(50);
      const longest = all
        .filter((name) => name.startsWith("api"))
        .map((name) => ({ name, length: longestWord(readFileSync(join(site, name), "utf8")) }))
        .sort((a, b) => b.length - a.length)
        .slice(0, 30);
      const pages = [...written, ...longest.map(({ name }) => name)];
      const { page } = await open(join(site, "index.html"), 360);
      const faults: string[] = [];
      for (const name of pages) {
        await page.goto(pathToFileURL(join(site, name)).href);
        // TypeDoc hides a page until its script has run.
        await page.waitForFunction(() => getComputedStyle(document.body).display !== "none", { polling: 50 });
        const { over, covering } = await page.evaluate(() => ({
          over: document.documentElement.scrollWidth - innerWidth,
          covering: Array.from(document.querySelectorAll("pre > code, .table thead")).filter(
            (part) => getComputedStyle(part).backgroundColor !== "rgba(0, 0, 0, 0)",
          ).length,
        }));
        if (over > 0 || covering > 0) faults.push(`${name}: ${over} pixels, ${covering} covers`);
      }
      expect(faults).toEqual([]);
      await page.close();
    });

    it("shows the house with letters that can be read, and a heading below the bar", { timeout: 120_000 }, async () => {
      for (const width of [360, 1280]) {
        const { page } = await open(join(site, "architecture.html"), width);
        await page.waitForFunction(() => document.querySelector<HTMLImageElement>('img[src$="house.svg"]')!.complete);
        const { picture, gap } = await page.evaluate(() => {
          const edge = (name: string) => document.querySelector(name)!.getBoundingClientRect();
          const picture = edge('img[src$="house.svg"]').width;
          return { picture, gap: edge(".tsd-typography h1").top - edge("header").bottom };
        });
        // Its letters are 13 of 1312 units high.
        expect((13 * picture) / 1312).toBeGreaterThan(11);
        expect(gap).toBeGreaterThan(8);
        await page.close();
      }
    });

    it("has a page for each package", () => {
      expect(readdirSync(join(site, "packages")).filter((name) => name.endsWith(".html"))).toHaveLength(
        readdirSync("packages").length,
      );
    });
  });
});
