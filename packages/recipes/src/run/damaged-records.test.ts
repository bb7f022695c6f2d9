import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { findModel } from "../open/find-model.ts";
import { readRun, runFiles } from "../run-record.ts";
import { keptResult, readSweepResults, resultFile, sweepFiles } from "../sweep/kept-results.ts";
import { planSweep, type SweepPlan } from "../sweep/plan.ts";
import { runSweep } from "../sweep/run-sweep.ts";
import { parseSweep } from "../sweep/sweep.ts";
import { quiet, tinyRun } from "../testing/tiny.testing.ts";
import { evaluateRecipe } from "./run.ts";

// A flipped bit may leave a number that looks right: what a later command reads is checked, and the remedy works.

let plan: SweepPlan;
let dataFolder: string;
beforeAll(async () => {
  const { recipe, root } = tinyRun({ budget: "3 steps" });
  dataFolder = join(root, "prepared");
  const sweep = parseSweep({ name: "tiny", recipe, keepCheckpoints: true }, "sweep");
  plan = await planSweep(sweep, { folder: join(root, "sweep"), dataFolder });
  await runSweep(plan, {}, quiet);
}, 60_000);

/** Changes the last digit of the first number under a name. */
const damage = (file: string, name: string): (() => void) => {
  const text = readFileSync(file, "utf8");
  const changed = text.replace(
    new RegExp(`("${name}": ?\\d[\\d.]*)(\\d)`),
    (_, kept, last) => kept + ((Number(last) + 1) % 10),
  );
  expect(changed).not.toBe(text);
  writeFileSync(file, changed);
  return () => writeFileSync(file, text);
};
const changed = /its checksum does not match, its content was changed/;

it.each([
  ["summary", "tokens"],
  ["masked", "loss"],
  ["data", "vocabSize"],
] as const)("notices a change in the %s of a run", async (file, name) => {
  const { folder } = plan.runs[0]!;
  const path = runFiles(folder)[file];
  const restore = damage(path, name);
  await expect(readRun(folder)).rejects.toThrow(changed);
  restore();
});

it("measures scores again that were damaged and deleted, as the message advises", async () => {
  const { folder, recipe } = plan.runs[0]!;
  const { masked } = await readRun(folder);
  damage(runFiles(folder).masked, "loss");
  await expect(readRun(folder)).rejects.toThrow(/delete it; `cramkit resume .*` measures it again/);
  rmSync(runFiles(folder).masked);
  await evaluateRecipe(recipe!, { folder, dataFolder }, quiet);
  expect((await readRun(folder)).masked).toEqual(masked);
});

it("notices a change in the results of a sweep, and writes them again", async () => {
  const [run] = plan.runs;
  const results = await readSweepResults(plan.folder);
  damage(sweepFiles(plan.folder).results, "heldOutLoss");
  await expect(readSweepResults(plan.folder)).rejects.toThrow(
    /results\.jsonl:1: its checksum.*command writes the file again/,
  );
  await runSweep(plan, {}, quiet);
  expect(await readSweepResults(plan.folder)).toEqual(results);
  damage(resultFile(run!.folder), "heldOutLoss");
  await expect(keptResult(run!, plan)).rejects.toThrow(/delete it: the sweep writes it again/);
  rmSync(resultFile(run!.folder));
  await runSweep(plan, {}, quiet);
  expect(await readSweepResults(plan.folder)).toEqual(results);
});

it("does not choose the best of the checkpoints while one of them cannot say its score", async () => {
  const { folder } = plan.runs[0]!;
  const { checkpoints } = runFiles(folder);
  const best = await findModel(folder, { checkpoint: "best" });
  const names = readdirSync(checkpoints).filter((name) => name.startsWith("microbatch"));
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) {
    const restore = damage(join(checkpoints, name, "checkpoint.json"), "bytes");
    await expect(findModel(folder, { checkpoint: "best" })).rejects.toMatchObject({
      code: "damaged-file",
      place: join(checkpoints, name, "checkpoint.json"),
    });
    restore();
  }
  expect(await findModel(folder, { checkpoint: "best" })).toEqual(best);
});

it("says of a checkpoint of a newer version what it is, and not that it is damaged", async () => {
  const { folder } = plan.runs[0]!;
  const { checkpoints } = runFiles(folder);
  const [name] = readdirSync(checkpoints).filter((one) => one.startsWith("microbatch"));
  const file = join(checkpoints, name!, "checkpoint.json");
  const before = readFileSync(file, "utf8");
  writeFileSync(file, JSON.stringify({ ...JSON.parse(before), version: 99 }));
  await expect(findModel(folder, { checkpoint: "best" })).rejects.toMatchObject({ code: "version-mismatch" });
  writeFileSync(file, before);
});
