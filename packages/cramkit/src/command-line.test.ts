import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";

const tsx = pathToFileURL(resolve("node_modules/tsx/dist/loader.mjs")).href;
const cli = resolve("packages/cramkit/src/cli.ts");

/** Runs the command line from source, in a folder of its own. */
const cramkit = (args: string[], cwd = mkdtempSync(join(tmpdir(), "cramkit-"))) =>
  new Promise<{ code: number | null; out: string; error: string; cwd: string }>((done) => {
    const child = spawn(process.execPath, ["--import", tsx, "--conditions=@cramkit/source", cli, ...args], { cwd });
    let [out, error] = ["", ""];
    child.stdout.on("data", (chunk) => (out += chunk));
    child.stderr.on("data", (chunk) => (error += chunk));
    child.on("close", (code) => done({ code, out, error, cwd }));
    child.stdin.end();
  });

it.concurrent.each([
  ["an unknown command", ["rn"], /unknown command 'rn'\n\(Did you mean run\?\)/],
  ["an unknown option", ["run", "smoke", "--sett", "a=b"], /unknown option '--sett'/],
  ["an unknown recipe", ["run", "quikstart"], /^cramkit: no recipe "quikstart"; there is quickstart,/],
  ["an unknown setting", ["run", "smoke", "--set", "training.batchsize=1"], /there is batchSize/],
  [
    "a budget of zero",
    ["run", "smoke", "--set", "training.budget=0 steps"],
    /^cramkit: --set: training\.budget: expected a number above 0/,
  ],
  [
    "a missing folder",
    ["run", "smoke", "--set", 'corpus.sources=[{"kind":"files","path":"books"}]'],
    /^cramkit: .*books/m,
  ],
  ["a missing run", ["report", "nowhere"], /^cramkit: nowhere: expected a run folder with a recipe\.json/],
  [
    "a missing tokenizer",
    ["tokenizer", "encode", "nowhere.json", "text"],
    /^cramkit: nowhere\.json: no such file or folder/,
  ],
  [
    "a model that is not there",
    ["fill-mask", "a [MASK]", "--run", "nowhere"],
    /cramkit: .*nowhere.*expected a model folder/,
  ],
])(
  "answers %s with one clear line, a code other than zero and no run folder",
  { timeout: 120_000 },
  async (_, args, message) => {
    const { code, error, cwd } = await cramkit(args);
    expect(error).toMatch(message);
    expect(code).toBe(1);
    expect(readdirSync(cwd)).not.toContain("runs");
  },
);

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

it("prints a recipe that can be run again from its file", { timeout: 120_000 }, async () => {
  const { out } = await cramkit(["recipes", "crammed-bert"]);
  expect(JSON.parse(out)).toMatchObject({ name: "crammed-bert", model: { layers: 16 }, training: { batchSize: 8192 } });
});
