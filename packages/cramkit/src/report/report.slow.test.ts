import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { recipes } from "@cramkit/recipes";
import { expect, it } from "vitest";
import { renderReport } from "./report.ts";

const browser = ["chromium", "google-chrome", "chrome"].find((name) => spawnSync(name, ["--version"]).status === 0);

const metrics = Array.from({ length: 300 }, (_, i) => ({
  microbatch: i + 1,
  tokens: 128 * (i + 1),
  elapsedMs: 1000 * (i + 1),
  loss: 8 - i / 100,
  ...(i % 100 === 99 && { heldOutLoss: 6 }),
  learningRate: i / 1e5,
  gradientNorm: 1 + (i % 7) / 10,
}));

it.skipIf(!browser).each([
  ["tokens", "tokens"],
  ["minutes", "minutes"],
  ["flops", "teraFLOP"],
])("draws its charts against %s in a browser, without a network", { timeout: 120_000 }, async (axis, unit) => {
  const file = join(mkdtempSync(join(tmpdir(), "report-")), "report.html");
  const run = { folder: "/runs/one", recipe: recipes.smoke(), changes: [] };
  const rated = metrics.map((row) => ({ ...row, flopsPerSecond: 1e11, tokensPerSecond: 100 }));
  writeFileSync(file, await renderReport([{ ...run, metrics: rated }]));
  const url = `${pathToFileURL(file).href}#${axis}`;
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000", "--dump-dom"];
  const { stdout } = spawnSync(browser!, [...flags, url], { encoding: "utf8" });
  // Loss, learning rate and gradient norm vary; the speed does not.
  expect(stdout.match(/<canvas/g)).toHaveLength(3);
  expect(stdout).toMatch(new RegExp(`class="u-label"[^>]*>${unit}<`));
  for (const label of ["training", "held out"]) expect(stdout).toMatch(new RegExp(`class="u-label"[^>]*>${label}<`));
});
