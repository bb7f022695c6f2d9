import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type RunSummary, runFiles } from "../run-record.ts";
import { quiet, tinyRun } from "../testing/tiny.testing.ts";
import { readSweepResults, runsWithResults } from "./kept-results.ts";
import { planSweep, type SweepPlan } from "./plan.ts";
import { runSweep } from "./run-sweep.ts";
import { surveySweep } from "./survey.ts";
import { parseSweep, type SweepInput } from "./sweep.ts";

const setUp = (changes: Partial<SweepInput> = {}) => {
  const { recipe, root } = tinyRun({ budget: "3 steps" });
  const plan = (more: Partial<SweepInput> = {}, seeds?: readonly number[]): Promise<SweepPlan> =>
    planSweep(parseSweep({ name: "tiny", recipe, ...changes, ...more }, "sweep"), {
      folder: join(root, "sweep"),
      dataFolder: join(root, "prepared"),
      seeds,
    });
  return { root, plan };
};

it("does every run on data prepared once, keeps why one failed, and resumes where it stopped", {
  timeout: 60_000,
}, async () => {
  const { root, plan } = setUp({
    variants: [
      { name: "plain" },
      { name: "too many words", set: ["tokenizer.vocabSize=9000"] },
      { name: "flat", set: ["training.schedule.name=constant"] },
    ],
    seeds: [1, 2],
  });
  const said: string[] = [];
  const planned = await plan();
  const results = await runSweep(planned, {}, { ...quiet, say: (line) => said.push(line) });
  expect(results.map(({ variant, seed, status }) => [variant, seed, status])).toEqual([
    ["plain", 1, "done"],
    ["plain", 2, "done"],
    ["too many words", 1, "failed"],
    ["too many words", 2, "failed"],
    ["flat", 1, "done"],
    ["flat", 2, "done"],
  ]);
  expect(results[2]!.error!.message).toMatch(/^tokenizer\.vocabSize: expected at most/);
  expect(await readSweepResults(planned.folder)).toEqual(results);
  const [one, two] = results;
  expect(one).toMatchObject({ steps: 3, seed: 1, comparison: two!.comparison, unigramLoss: two!.unigramLoss });
  expect(one!.heldOutLoss).not.toBe(two!.heldOutLoss);
  expect(one!.flops! / one!.tokens!).toBeGreaterThan(1000);
  // One set for the four that are done, one that the failed ones began.
  expect(readdirSync(join(root, "prepared"))).toHaveLength(2);
  expect(existsSync(runFiles(join(planned.folder, one!.id)).checkpoints)).toBe(false);

  const summary = runFiles(join(planned.folder, one!.id)).summary;
  const { tokens, flopsPerToken, optimizerFlops } = JSON.parse(readFileSync(summary, "utf8")) as RunSummary;
  expect(optimizerFlops).toBeGreaterThan(0);
  expect(one!.flops).toBe(tokens * flopsPerToken + optimizerFlops!);
  const before = statSync(summary).mtimeMs;
  const { open } = await surveySweep(await plan());
  expect(open.map(({ variant }) => variant)).toEqual(["too many words", "too many words"]);
  expect((await surveySweep(await plan(), { skipFailed: true })).open).toEqual([]);
  const again = await runSweep(await plan(), { skipFailed: true }, quiet);
  expect(again).toEqual(results);
  expect(statSync(summary).mtimeMs).toBe(before);
});

it("stops where it is asked to, and goes on to the same results", { timeout: 60_000 }, async () => {
  const variants: SweepInput["variants"] = [{ name: "a" }, { name: "b", set: ["training.dropout=0.1"] }];
  const { plan } = setUp({ variants });
  const controller = new AbortController();
  const stopping = {
    onProgress() {},
    say: (line: string) => void (line.startsWith("run 2") && controller.abort()),
    signal: controller.signal,
  };
  await expect(runSweep(await plan(), {}, stopping)).rejects.toThrow(
    /^stopped; what is done is kept in .*the same command/,
  );
  expect(await readSweepResults((await plan()).folder)).toHaveLength(1);
  const results = await runSweep(await plan(), {}, quiet);
  const whole = await runSweep(await setUp({ variants }).plan(), {}, quiet);
  expect(results.map(({ heldOutLoss }) => heldOutLoss)).toEqual(whole.map(({ heldOutLoss }) => heldOutLoss));
});

it("deals its runs out to tasks, and does the changed ones alone again", { timeout: 60_000 }, async () => {
  const { plan } = setUp({ grid: { "training.batchSize": [8, 16, 32] } });
  const first = await runSweep(await plan(), { task: 1, of: 2 }, quiet);
  expect(first.map(({ variant }) => variant)).toEqual(["batchSize=8", "batchSize=32"]);
  const second = await runSweep(await plan(), { task: 2, of: 2 }, quiet);
  expect(second.map(({ variant }) => variant)).toEqual(["batchSize=16"]);
  const all = await readSweepResults((await plan()).folder);
  expect(all.map(({ variant }) => variant)).toEqual(["batchSize=8", "batchSize=16", "batchSize=32"]);
  await expect(surveySweep(await plan(), { task: 3, of: 2 })).rejects.toThrow(/got task 3 of 2/);
  // Another recipe in the same folder is not taken for this one.
  const [changed] = await runSweep(await plan({ set: ["training.dropout=0.2"] }), { task: 2, of: 2 }, quiet);
  expect(changed!.error!.message).toMatch(/holds a run of another recipe: training\.dropout is 0 there and 0\.2 here/);
});

it("holds the runs of all seeds in its folder, whichever came last, and of no other settings", {
  timeout: 60_000,
}, async () => {
  const { root, plan } = setUp({ variants: [{ name: "a" }, { name: "a.seed-2" }], seeds: [1, 2] });
  const listed = async () =>
    (await readSweepResults(join(root, "sweep"))).map(({ variant, seed }) => `${variant} ${seed}`);
  await runSweep(await plan({}, [2]), {}, quiet);
  expect(await listed()).toEqual(["a 2", "a.seed-2 2"]);
  const added = await runSweep(await plan({}, [3]), {}, quiet);
  expect(added.map(({ seed }) => seed)).toEqual([3, 3]);
  const all = ["a 3", "a 2", "a.seed-2 3", "a.seed-2 2"];
  expect(await listed()).toEqual(all);
  const results = await readSweepResults(join(root, "sweep"));
  expect(new Set(results.map(({ comparison }) => comparison)).size).toBe(1);
  expect(readdirSync(join(root, "prepared"))).toHaveLength(1);
  // All of them again: nothing is left to do, and each seed has the place that it was given.
  const both = await plan({}, [2, 3]);
  expect((await surveySweep(both)).open).toEqual([]);
  await runSweep(both, {}, quiet);
  expect(await listed()).toEqual(["a 2", "a 3", "a.seed-2 2", "a.seed-2 3"]);
  // Runs of a setting that the sweep no longer has are in its folder, and not in its results.
  await runSweep(
    await plan({ variants: [{ name: "b" }, { name: "a", set: ["training.dropout=0.1"] }] }, [4]),
    {},
    quiet,
  );
  expect(await listed()).toEqual(["b 4", "a 4"]);
  expect(await runsWithResults(join(root, "sweep"))).toEqual([
    ...["a.seed-2", "a.seed-2.seed-2", "a.seed-2.seed-3", "a.seed-3", "a.seed-4", "b.seed-4"],
  ]);
  expect(readFileSync(join(root, "sweep", "sweep.json"), "utf8")).not.toContain("a.seed-3");
});

it("leaves a run that another process is at, and waits for data that another prepares", {
  timeout: 60_000,
}, async () => {
  const { plan } = setUp({ grid: { "training.batchSize": [8, 16] } });
  const planned = await plan();
  const { prepare } = await import("../prepare/prepare.ts");
  const { lockFolder } = await import("@cramkit/files");
  (await prepare(planned.runs[0]!.recipe!, planned.dataFolder, quiet)).close();
  const unlock = await lockFolder(planned.runs[0]!.folder, { name: "run.lock" });
  const said: string[] = [];
  const results = await runSweep(planned, {}, { ...quiet, say: (line) => said.push(line) });
  unlock();
  expect(results.map(({ variant }) => variant)).toEqual(["batchSize=16"]);
  expect(said.join("\n")).toMatch(/batchSize=8, seed 1: left to the process that is working on it/);

  const fresh = setUp();
  const one = await fresh.plan();
  const data = one.runs[0]!.data!;
  const release = await lockFolder(data, { name: "run.lock" });
  const waiting = runSweep(one, {}, { ...quiet, say: (line) => said.push(line) });
  await new Promise((turn) => setTimeout(turn, 1500));
  release();
  expect((await waiting).map(({ status }) => status)).toEqual(["done"]);
  expect(said.join("\n")).toMatch(/is working on this folder: waiting for it/);
});

it("filters the text of every vocabulary by one tokenizer", { timeout: 60_000 }, async () => {
  const { plan } = setUp({
    set: ["corpus.maxTokensPerCharacter=0.9"],
    filterTokenizer: ["tokenizer.vocabSize=80"],
    grid: { "tokenizer.vocabSize": [90, 100] },
  });
  const planned = await plan();
  const results = await runSweep(planned, {}, quiet);
  expect(results.map(({ status }) => status)).toEqual(["done", "done"]);
  const { filter } = planned;
  const tokenizers = planned.runs.map(({ recipe }) => recipe!.corpus.compressionTokenizer!);
  expect(new Set(tokenizers).size).toBe(1);
  expect(Object.keys(JSON.parse(readFileSync(tokenizers[0]!, "utf8")).model.vocab)).toHaveLength(
    filter!.tokenizer.vocabSize,
  );
});
