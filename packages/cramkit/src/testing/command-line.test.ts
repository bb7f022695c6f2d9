import { appendFileSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recipes } from "@cramkit/recipes";
import { expect, it } from "vitest";
import { runProgram } from "../main.ts";
import { createProgram } from "../program.ts";
import { isTraining, smallRun, startCramkit, workerOn } from "./command-line.testing.ts";

/** Runs the command line in a folder of its own. */
const cramkit = async (args: string[], cwd = mkdtempSync(join(tmpdir(), "cramkit-"))) => ({
  ...(await startCramkit(args, { cwd }).ended),
  cwd,
});

it.concurrent.each([
  ["an unknown command", ["rn"], /unknown command 'rn'\n\(Did you mean run\?\)/],
  ["an unknown option", ["run", "smoke", "--sett", "a=b"], /unknown option '--sett'/],
  [
    "no guess",
    ["fill-mask", "a [MASK]", "--top", "0"],
    /'--top <count>' argument '0' is invalid\. expected .* above 0/,
  ],
  ["no recipe", ["run"], /missing required argument 'recipe'\n\(run `cramkit run --help` for usage\)/],
  [
    "a model that is not there",
    ["fill-mask", "a [MASK]", "--run", "nowhere"],
    /cramkit: .*nowhere.*expected a model folder/,
  ],
])("answers %s with one clear line and a code other than zero", { timeout: 120_000 }, async (_, args, message) => {
  const { code, error } = await cramkit(args);
  expect(error).toMatch(message);
  expect(code).toBe(1);
});

it.each([
  ["an unknown recipe", ["run", "quikstart"], /^cramkit: no recipe "quikstart"; there is quickstart,/],
  [
    "an unknown setting",
    ["run", "smoke", "--set", "training.batchsize=1"],
    /unknown setting "batchsize"; available: batchSize/,
  ],
  [
    "a setting of another type",
    ["run", "smoke", "--set", "training.batchSize=many"],
    /^cramkit: --set: training\.batchSize: expected number, got "many"$/,
  ],
  ["no setting", ["run", "smoke", "--set", "seed"], /^cramkit: --set: expected KEY=VALUE/],
  [
    "a budget of zero",
    ["run", "smoke", "--set", "training.budget=0 steps"],
    /^cramkit: --set: training\.budget: expected a number above 0/,
  ],
  ["a budget below zero", ["pretrain", "smoke", "--set", "training.budget=-1 hours"], /expected a number above 0/],
  [
    "a budget of nothing that is counted",
    ["run", "smoke", "--set", "training.budget=3 apples"],
    /and a unit \(seconds, min/,
  ],
  [
    "a budget without a unit",
    ["run", "smoke", "--set", "training.budget=24"],
    /^cramkit: --set: training\.budget: expected a number above 0 and a unit \(.*\), or several .*, as in "24 hours",.*, got 24$/,
  ],
  ["a budget without end", ["run", "smoke", "--set", "training.budget=1e400 steps"], /expected a number above 0/],
  [
    "a missing folder",
    ["run", "smoke", "--set", 'corpus.sources=[{"kind":"files","path":"books"}]'],
    /^cramkit: .*books/,
  ],
  [
    "a warm-up that the schedule has no place for",
    ["run", "smoke", "--set", "training.schedule.warmup=0.1"],
    /^cramkit: studySchedule: expected no "warmup" with budget-triangle2, which has none/,
  ],
  [
    "a folder in place of a fixture",
    ["verify", "packages", "--threads", "1"],
    /^cramkit: packages: expected a file, got a folder; name a file in it$/,
  ],
  [
    "a run that is not there",
    ["report", "nowhere"],
    /^cramkit: nowhere: expected the folder of a run, found nothing there;/,
  ],
  [
    "a tokenizer that is not there",
    ["tokenizer", "encode", "nowhere.json", "text"],
    /^cramkit: nowhere\.json: no such/,
  ],
  [
    "a folder in place of a tokenizer",
    ["tokenizer", "encode", "packages", "text"],
    /^cramkit: packages: expected a file, got a folder/,
  ],
  [
    "a file that is no tokenizer",
    ["tokenizer", "encode", "layers.mjs", "text"],
    /^cramkit: layers\.mjs: expected a JSON document, got/,
  ],
  [
    "a file in place of a run's folder",
    ["run", "smoke", "--dir", "layers.mjs/run"],
    /^cramkit: .*layers\.mjs: expected a folder, got a file; choose another folder$/,
  ],
  [
    "a file in place of the data folder",
    ["run", "smoke", "--data", "layers.mjs"],
    /^cramkit: .*layers\.mjs: expected a folder, got a file; choose another folder$/,
  ],
  [
    "a tokenizer's file in a folder that is not there",
    ["tokenizer", "train", "README.md", "--out", "nowhere/tokenizer.json"],
    /^cramkit: nowhere\/tokenizer\.json: expected a folder to write it into, got nowhere, which is not one/,
  ],
  [
    "a vocabulary larger than the text gives",
    ["tokenizer", "train", "README.md", "--out", "never.json", "--vocab-size", "90000"],
    /^cramkit: --vocab-size: expected at most [\d,]+, all that the text gives, got 90000; read more text or lower it$/,
  ],
])("answers %s with one clear line and leaves no run behind", async (_, args, message) => {
  const folder = mkdtempSync(join(tmpdir(), "cramkit-"));
  const folders = ["run", "pretrain"].includes(args[0]!)
    ? ["--dir", join(folder, "run"), "--data", join(folder, "data")]
    : [];
  const lines: string[] = [];
  expect(await runProgram(createProgram(), [args[0]!, ...folders, ...args.slice(1)], (line) => lines.push(line))).toBe(
    1,
  );
  expect(lines).toEqual([expect.stringMatching(message)]);
  expect(readdirSync(folder)).not.toContain("run");
});

it("ends without a word where nobody reads on, as in `cramkit recipes | head -1`", { timeout: 120_000 }, async () => {
  const { child, ended } = startCramkit(["recipes", "crammed-bert"], { cwd: mkdtempSync(join(tmpdir(), "cramkit-")) });
  child.stdout?.destroy();
  expect(await ended).toMatchObject({ code: 141, error: "" });
});

it("stops a run as Ctrl-C does where nobody reads on, and saves it", { timeout: 120_000 }, async () => {
  const cwd = smallRun(100_000);
  const run = join(cwd, "runs", "small");
  const { child, ended } = startCramkit(["run", "recipe.json"], { cwd });
  await isTraining(run, child.pid);
  child.stderr?.destroy();
  expect((await ended).code).toBe(141);
  expect(workerOn(run)).toBeUndefined();
  expect(readdirSync(join(run, "checkpoints"))).not.toEqual([]);
});

it("trains a tokenizer and runs it both ways", { timeout: 120_000 }, async () => {
  const cwd = mkdtempSync(join(tmpdir(), "cramkit-"));
  writeFileSync(join(cwd, "text.txt"), "the cat sat on the mat and the rat sat on the cat\n".repeat(20));
  const trained = await cramkit(
    ["tokenizer", "train", "text.txt", "--out", "tokenizer.json", "--vocab-size", "34"],
    cwd,
  );
  expect(trained.error).toContain("tokenizer.json: 34 entries");
  const ids = (await cramkit(["tokenizer", "encode", "tokenizer.json", "The cat sat."], cwd)).out.trim();
  expect(ids).toMatch(/^\d+( \d+)+$/);
  const text = await cramkit(["tokenizer", "decode", "tokenizer.json", ...ids.split(" ")], cwd);
  expect(text.out.trim()).toMatch(/^the cat sat/);
});

it("decodes what it encoded where the vocabulary has holes, and no id of a hole", { timeout: 120_000 }, async () => {
  const cwd = mkdtempSync(join(tmpdir(), "cramkit-"));
  writeFileSync(join(cwd, "text.txt"), "the cat sat on the mat and the rat sat on the cat\n".repeat(20));
  await cramkit(["tokenizer", "train", "text.txt", "--out", "whole.json", "--vocab-size", "34"], cwd);
  const whole = JSON.parse(readFileSync(join(cwd, "whole.json"), "utf8"));
  for (const [token, id] of Object.entries<number>(whole.model.vocab)) if (id >= 20) whole.model.vocab[token] = id + 10;
  writeFileSync(join(cwd, "holes.json"), JSON.stringify(whole));
  const ids = (await cramkit(["tokenizer", "encode", "holes.json", "the cat sat on"], cwd)).out.trim().split(" ");
  expect(Math.max(...ids.map(Number))).toBeGreaterThan(29);
  const text = await cramkit(["tokenizer", "decode", "holes.json", ...ids], cwd);
  expect(text).toMatchObject({ code: 0, out: expect.stringMatching(/the cat sat on/) });
  const hole = await cramkit(["tokenizer", "decode", "holes.json", ...ids, "25"], cwd);
  expect(hole).toMatchObject({
    code: 1,
    error: expect.stringMatching(/expected ids that holes\.json has, below \d+, got 25/),
  });
});

it("prints a recipe that can be run again from its file", { timeout: 120_000 }, async () => {
  const { out } = await cramkit(["recipes", "crammed-bert"]);
  expect(JSON.parse(out)).toMatchObject({ name: "crammed-bert", model: { layers: 16 }, training: { batchSize: 8192 } });
});

it("serves the report of a run that goes on, to this machine alone", { timeout: 120_000 }, async () => {
  const run = mkdtempSync(join(tmpdir(), "cramkit-"));
  writeFileSync(join(run, "recipe.json"), JSON.stringify(recipes.smoke()));
  const row = (microbatch: number, tokens: number) =>
    appendFileSync(join(run, "metrics.jsonl"), `${JSON.stringify({ microbatch, tokens, loss: 5, fraction: 0.5 })}\n`);
  row(1, 111);
  const { child, ended } = startCramkit(["watch", run], { cwd: run });
  const line = await new Promise<string>((read) => child.stdout?.once("data", (chunk) => read(String(chunk))));
  const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(line)![0];
  const page = async (path = "") => (await fetch(url + path)).text();
  expect(await page()).toContain("<dd>111</dd>");
  row(2, 222);
  expect(await page()).toContain("<dd>222</dd>");
  expect((await fetch(`${url}recipe.json`)).status).toBe(404);
  child.kill("SIGINT");
  await ended;
});
