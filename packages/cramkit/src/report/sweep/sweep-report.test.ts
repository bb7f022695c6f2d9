import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SweepResult } from "@cramkit/recipes";
import { expect, it } from "vitest";
import { csv } from "./csv.ts";
import { intervalOfMean, intervalOfNext, pairedDifference, scoresIn, spreadOf } from "./statistics.ts";
import { studentT } from "./student-t.ts";
import { sweepFolder } from "./sweep-folder.testing.ts";
import { writeSweepReport } from "./write-sweep-report.ts";

const read = (folder: string, name: string) => readFileSync(join(folder, name), "utf8");

it("shows scores with their spread, differences seed by seed, what failed and what is left", async () => {
  const folder = sweepFolder([
    { variant: "full", losses: [4, 4.2] },
    { variant: "without, gate", losses: [4.5, 4.6], settings: { "model.activation": "gelu" } },
    { variant: "broken", settings: { seed: -1 } },
  ]);
  expect(await writeSweepReport(folder)).toContain(join(folder, "report.html"));
  const page = read(folder, "report.html");
  expect(page).toContain("4 runs done, 1 failed, 1 not run yet.");
  expect(page).not.toContain("Left out");
  expect(page).toContain("expected &#60;more&#62;, got less");
  expect(page).toContain("&#60;toys&#62;");
  expect(page).toMatch(
    /<td>full<\/td><td>2<\/td><td class="long">4\.100 \u00b1 0\.141 \(1\.899\u00a0to\u00a06\.301\)<\/td>/,
  );
  // 0.5 and 0.4 by seed: less spread than between the means, and still too few seeds to show a difference.
  expect(page).toMatch(
    /<td>without, gate<\/td><td class="long">\+0\.450 \u00b1 0\.071 \(\u22120\.185\u00a0to\u00a0\+1\.085\)<\/td>/,
  );
  expect(page).not.toContain("cannot be compared");
  expect(page).not.toMatch(/<(script|link|img)[^>]+(src|href)=/);
  const results = read(folder, "data/results.csv").split("\r\n");
  expect(results[0]).toMatch(/^variant,seed,status,model\.activation,seed,parameters,/);
  expect(results[3]).toMatch(/^"without, gate",1,done,gelu,,10,40,4000,4000000000,20,4\.5,1\.5,50,/);
  expect(read(folder, "data/loss.csv").split("\r\n")).toHaveLength(1 + 4 * 40 + 1);
});

it("names the runs in its folder that are not of the sweep any more", async () => {
  const folder = sweepFolder([{ variant: "full", losses: [4] }]);
  for (const id of ["gone.seed-1", "gone.seed-2"]) {
    mkdirSync(join(folder, id));
    writeFileSync(join(folder, id, "sweep-result.json"), "{}");
  }
  mkdirSync(join(folder, "charts"));
  await writeSweepReport(folder);
  expect(read(folder, "report.html")).toContain(
    "Left out, because this sweep does not (or no longer) include their settings: gone.seed-1, gone.seed-2.",
  );
});

it("draws losses of any number of variants, whole and their second half, as SVG that stands alone", async () => {
  const variants = Array.from({ length: 30 }, (_, i) => ({
    variant: `variant <${i}>`,
    losses: [4 + i / 10, 4.1 + i / 10],
  }));
  const folder = sweepFolder(variants);
  await writeSweepReport(folder);
  for (const axis of ["tokens", "seconds", "flops"]) {
    const svg = read(folder, `charts/loss-${axis}.svg`);
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg.match(/<title>variant &lt;\d+&gt;<\/title>/g)).toHaveLength(60);
    expect(svg).toContain("second half");
    expect(svg).not.toMatch(/NaN|undefined|var\(|&#60;/);
    const strokes = new Set(
      [...svg.matchAll(/fill="none" (stroke="#\w+"(?: stroke-dasharray="[\d ]+")?) stroke-width="1\.5"/g)].map(
        ([, style]) => style,
      ),
    );
    expect(strokes.size).toBe(30);
  }
});

it("draws a score against a setting that is a number, and by variant otherwise", async () => {
  const numeric = [1e-4, 1e-3, 1e-2].map((rate, i) => ({
    variant: `learningRate=${rate}`,
    losses: [4 + i, 4.5 + i],
    settings: { "training.optimizer.learningRate": rate },
  }));
  const folder = sweepFolder(numeric);
  await writeSweepReport(folder);
  const svg = read(folder, "charts/held-out-loss.svg");
  expect(svg).toContain("training.optimizer.learningRate (logarithmic)");
  expect(svg.match(/<circle/g)).toHaveLength(3 * 3);
  const named = sweepFolder([
    { variant: "a", losses: [4] },
    { variant: "b", losses: [5], settings: { x: "y" } },
  ]);
  await writeSweepReport(named);
  expect(read(named, "charts/held-out-loss.svg")).not.toContain("logarithmic");
  expect(read(named, "report.html")).toContain("One seed: differences may be due to chance.");
});

it("says which settings make losses incomparable, and gives no difference between them", async () => {
  const folder = sweepFolder([
    { variant: "full", losses: [4] },
    {
      variant: "fewer words",
      losses: [3],
      settings: { "tokenizer.vocabSize": 512 },
      change: (recipe) => ({ ...recipe, tokenizer: { ...recipe.tokenizer, vocabSize: 512 } }),
    },
  ]);
  await writeSweepReport(folder);
  const page = read(folder, "report.html");
  expect(page).toContain("These runs differ in tokenizer.vocabSize, so their held-out losses");
  expect(page).toMatch(/<td>fewer words<\/td><td>\u2013<\/td>/);
});

it("reports a sweep of which nothing is done", async () => {
  const folder = sweepFolder([{ variant: "broken" }]);
  await writeSweepReport(folder);
  expect(read(folder, "report.html")).toContain("0 runs done, 1 failed");
});

it("knows means and deviations, and pairs seeds", () => {
  expect(spreadOf([1, 2, 3])).toEqual({ mean: 2, low: 1, high: 3, deviation: 1, count: 3 });
  expect(spreadOf([5, Number.NaN])).toEqual({ mean: 5, low: 5, high: 5, count: 1 });
  expect(spreadOf([])).toBeUndefined();
  const result = (seed: number, heldOutLoss: number) =>
    ({ seed, heldOutLoss, comparison: "a", settings: {}, status: "done" }) as unknown as SweepResult;
  const [score] = scoresIn([result(1, 4)]);
  expect(pairedDifference(score!, [result(1, 5), result(3, 9)], [result(1, 4), result(2, 7)])).toMatchObject({
    mean: 1,
    count: 1,
  });
});

it("writes CSV that holds commas, quotes and lines", () => {
  expect(csv([["a,b", 'say "x"', undefined, 1, ["c"]]])).toBe('"a,b","say ""x""",,1,"[""c""]"\r\n');
});

it("tells where the mean is expected, and where a further seed", () => {
  const three = spreadOf([1, 2, 3])!;
  // 4.3027 / sqrt(3), and 4.3027 * sqrt(4 / 3).
  expect(intervalOfMean(three)?.low).toBeCloseTo(2 - 2.4842, 4);
  expect(intervalOfMean(three)?.high).toBeCloseTo(2 + 2.4842, 4);
  expect(intervalOfNext(three)?.high).toBeCloseTo(2 + 4.9683, 4);
  expect(intervalOfNext(spreadOf([1])!)).toBeUndefined();
  expect(intervalOfMean(spreadOf([1])!)).toBeUndefined();
  // A table's values, where the series takes over.
  expect(studentT(9)).toBeCloseTo(2.262, 3);
  for (const [degrees, value] of [
    [10, 2.228],
    [12, 2.179],
    [30, 2.042],
    [120, 1.98],
  ] as const)
    expect(Math.abs(studentT(degrees) - value)).toBeLessThan(0.001);
});
