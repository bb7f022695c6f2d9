import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderReport } from "../packages/cramkit/src/index.ts";
import { type RunRecord, recipes } from "../packages/recipes/src/index.ts";

// Pages as a browser shows them: reports of several runs, and the documentation site, both opened as files.

const command = ["chromium", "chromium-browser", "google-chrome"].find(
  (name) => spawnSync(name, ["--version"], { timeout: 20_000 }).status === 0,
);
const isChromium = (process.env.CRAMKIT_BROWSER ?? "chromium") === "chromium";
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

describe.runIf(command && isChromium)("in a browser", () => {
  let browser: Browser;
  const folder = mkdtempSync(join(tmpdir(), "pages-"));
  beforeAll(async () => {
    browser = await puppeteer.launch({
      executablePath: spawnSync("which", [command!], { encoding: "utf8" }).stdout.trim(),
      args: ["--no-sandbox", "--disable-dev-shm-usage"],
    });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = async (file: string, width: number, scheme = "light") => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.setViewport({ width, height: 900 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.goto(pathToFileURL(file).href);
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
    ];
    it.each(shown)("%s has no finding of axe, and never scrolls sideways", { timeout: 120_000 }, async (name) => {
      for (const [width, scheme] of [
        [360, "dark"],
        [1280, "light"],
        [2560, "dark"],
      ] as const) {
        const { page, errors } = await open(join(site, `${name}.html`), width, scheme);
        await page.waitForSelector(".tsd-navigation a");
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        expect(await findings(page), `${width} ${scheme}`).toEqual([]);
        expect(errors).toEqual([]);
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
