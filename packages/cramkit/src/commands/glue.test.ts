import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startCramkit } from "../testing/command-line.testing.ts";

const cramkit = (cwd: string, args: string[], env: Record<string, string> = {}) =>
  startCramkit(args, { cwd, env }).ended;

/** A folder with text, and with SST-2 in the official layout: 96 rows to train on, 40 to score, all 1821 to predict. */
const workspace = () => {
  const cwd = mkdtempSync(join(tmpdir(), "cramkit-glue-"));
  const line = (i: number) => `day ${i % 97} of week ${i % 13} was ${i % 2 === 0 ? "good" : "bad"} in town ${i % 7}`;
  const lines = Array.from({ length: 2000 }, (_, i) => line(i));
  writeFileSync(join(cwd, "text.txt"), lines.join("\n"));
  mkdirSync(join(cwd, "glue", "SST-2"), { recursive: true });
  const labelled = (from: number, to: number) =>
    `sentence\tlabel\n${lines
      .slice(from, to)
      .map((text, i) => `${text}\t${1 - (i % 2)}\n`)
      .join("")}`;
  writeFileSync(join(cwd, "glue/SST-2/train.tsv"), labelled(0, 96));
  writeFileSync(join(cwd, "glue/SST-2/dev.tsv"), labelled(96, 136));
  const unlabelled = lines.slice(0, 1821).map((text, i) => `${i}\t${text}\n`);
  writeFileSync(join(cwd, "glue/SST-2/test.tsv"), `index\tsentence\n${unlabelled.join("")}`);
  return cwd;
};

it("scores a run in one table, with examples/s, and writes scores and a submission", { timeout: 120_000 }, async () => {
  const cwd = workspace();
  const settings = [
    'corpus.sources=[{"kind":"files","path":"text.txt","unit":"line"}]',
    "corpus.maxDocuments=null",
    "corpus.exactDuplicates=false",
    "corpus.minCharacters=0",
    "tokenizer.vocabSize=80",
    "training.budget=4 steps",
    "evaluation.probes.trials=0",
  ].flatMap((setting) => ["--set", setting]);
  const made = await cramkit(cwd, ["run", "smoke", "--dir", "run", ...settings]);
  expect(made.code, made.error).toBe(0);
  const glue = ["glue", "--run", "run", "--backend", "cpu", "--threads", "2", "--tasks", "SST-2", "--trials", "2"];
  const args = [...glue, "--epochs", "2", "--learning-rate", "1e-2", "--pooling", "mean", "--submission", "s.zip"];
  const { code, out, error } = await cramkit(cwd, args);
  expect(code, error).toBe(0);
  const [heading, ...lines] = out.split("\n").map((line) => line.split(/\s{2,}/));
  expect(heading).toEqual(["run"]);
  expect(lines[1]).toEqual(expect.arrayContaining(["train/s", "dev/s"]));
  const row = lines.find(([name]) => name === "SST-2")!;
  expect(Number(row.at(-1))).toBeGreaterThan(0); // dev/s
  expect(Number(row.at(-2))).toBeGreaterThan(0); // train/s
  expect(out).toContain("run, no pretraining");
  expect(out).toContain("majority class");
  expect(out).toMatch(/crammed v2, A6000 .*84\.1/);
  const changes = "GLUE_sane with epochs 2, learning rate 0.01, pooling mean, length 32, median of 2 trials";
  expect(out).toContain(changes);
  expect(error).toContain("s.zip: one label throughout, for want of predictions, in CoLA.tsv, MRPC.tsv");
  expect(error).not.toContain("SST-2.tsv");
  expect(readFileSync(join(cwd, "s.zip")).subarray(0, 2).toString()).toBe("PK");
  const rows = JSON.parse(readFileSync(join(cwd, "run/glue/scores.json"), "utf8"));
  expect(rows[0]).toMatchObject({
    name: "run",
    source: `measured, ${changes}`,
    scores: { "SST-2": { partial: true } },
  });
  expect(readdirSync(join(cwd, "run/glue")).sort()).toEqual(["scores.json", "scores.md", "trained", "untrained"]);
  const again = await cramkit(cwd, args);
  expect(again.out).toBe(out); // nothing was run again: even the speeds are those of before
});

it("downloads from a mirror, with the token of the environment", { timeout: 60_000 }, async () => {
  const cwd = mkdtempSync(join(tmpdir(), "cramkit-glue-"));
  const requests: string[] = [];
  const server = createServer(({ url, headers }, response) => {
    requests.push(`${url} ${headers.authorization}`);
    response.end(`PAR1 ${url}`);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const args = ["glue", "download", "data", "--tasks", "WNLI", "--revision", "v1"];
  const { code, error } = await cramkit(cwd, args, { HF_ENDPOINT: endpoint, HF_TOKEN: "secret" });
  server.close();
  expect(code, error).toBe(0);
  const files = ["train", "validation", "test"].map((split) => `wnli/${split}-00000-of-00001.parquet`);
  expect(requests).toEqual(files.map((file) => `/datasets/nyu-mll/glue/resolve/v1/${file} Bearer secret`));
  for (const file of files) expect(readFileSync(join(cwd, "data", file), "utf8")).toMatch(/^PAR1/);
});

it.each([
  ["neither run nor checkpoint", ["glue"], /^cramkit: glue: expected --run FOLDER or --checkpoint FOLDER, got neither/],
  ["a run that is not there", ["glue", "--run", "no", "--backend", "cpu"], /no.model: expected a model folder|GLUE/],
  ["a task that is none", ["glue", "--run", "no", "--tasks", "sst3"], /expected some of CoLA, SST-2, MRPC/],
  ["too many epochs", ["glue", "--run", "no", "--epochs", "6"], /--epochs: expected at most 5.*--allow-more-epochs/],
  ["a learning rate of nothing", ["glue", "--run", "no", "--learning-rate", "0"], /expected a number above 0/],
])("answers %s with one clear line", { timeout: 60_000 }, async (_, args, message) => {
  const { code, error } = await cramkit(mkdtempSync(join(tmpdir(), "cramkit-glue-")), args);
  expect(error).toMatch(message);
  expect(error.trim().split("\n").length).toBeLessThanOrEqual(3);
  expect(code).toBe(1);
});
