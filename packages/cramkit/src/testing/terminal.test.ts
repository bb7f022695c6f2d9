import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import {
  hasPty,
  isTraining,
  newestCheckpoint,
  shellCommand,
  smallRun,
  startCramkit,
  startShell,
  waitFor,
  workerOn,
} from "./command-line.testing.ts";

const timeout = 120_000;
const isLinux = process.platform === "linux";

const isOver = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return true;
  }
};

it.skipIf(!isLinux)("trains to its end where nothing can be printed", { timeout }, async () => {
  const cwd = smallRun(20);
  const { code } = await startShell(`${shellCommand(["run", "recipe.json"])} > /dev/full 2>&1`, { cwd }).ended;
  expect(code).toBe(0);
  expect(existsSync(join(cwd, "runs", "small", "model", "model.safetensors"))).toBe(true);
});

it.skipIf(!isLinux).each([
  [["recipes"], /^\d\d more lines$/],
  [["--version"], /^1 more line$/],
  [["run", "--help"], /^\d\d more lines$/],
  [["help", "run"], /^\d\d more lines$/],
] as const)("fails where its result cannot be printed, and says so: %j", { timeout }, async (args, lines) => {
  const { code, error } = await startShell(`${shellCommand(args)} > /dev/full`, { cwd: tmpdir() }).ended;
  const said = /^cramkit: expected to print (.*) of the result, but standard output took none\n$/.exec(error);
  expect(said?.[1], error).toMatch(lines);
  expect(code).toBe(1);
});

it.skipIf(!isLinux)("saves at SIGHUP, and goes on at it under nohup", { timeout }, async () => {
  const cwd = smallRun(100_000);
  const run = join(cwd, "runs", "small");
  const first = startCramkit(["run", "recipe.json"], { cwd });
  await isTraining(run, first.child.pid);
  first.child.kill("SIGHUP");
  const { code, error } = await first.ended;
  expect(error).toMatch(
    /SIGHUP: finishing the step and saving.*\n(.*\n)*stopped at [\d.]+ % of the budget; `cramkit resume /,
  );
  expect(code).toBe(129);
  const second = startShell(`nohup ${shellCommand(["resume", "runs/small"])} & echo $!; wait`, { cwd });
  await waitFor(() => workerOn(run) !== undefined);
  const pid = workerOn(run)!;
  await isTraining(run, pid);
  process.kill(pid, "SIGHUP");
  const before = newestCheckpoint(run);
  await waitFor(() => newestCheckpoint(run) > before + 10);
  expect(isOver(pid)).toBe(false);
  process.kill(pid, "SIGTERM");
  await second.ended;
});

it.skipIf(!hasPty)("leaves on the screen what Ctrl-C kept", { timeout }, async () => {
  const cwd = smallRun(100_000);
  const run = join(cwd, "runs", "small");
  writeFileSync(join(cwd, "command.sh"), `${shellCommand(["run", "recipe.json"])}; echo code $?\n`);
  const { ended } = startShell("script -qec 'bash command.sh' /dev/null", { cwd });
  await waitFor(() => workerOn(run) !== undefined && newestCheckpoint(run) > 0);
  process.kill(workerOn(run)!, "SIGINT");
  const { out } = await ended;
  const lines = out.split(/\r?\n/).map((line) => line.split("\u001b[K").at(-1)!.trim());
  expect(lines).toEqual(
    expect.arrayContaining([
      "SIGINT: finishing the step and saving; a second SIGINT ends at once, without saving",
      expect.stringMatching(/^stopped at [\d.]+ % of the budget; `cramkit resume runs\/small` goes on$/),
      "code 130",
    ]),
  );
});

it("hears Ctrl-C in commands that keep nothing, and says so", { timeout }, async () => {
  const cwd = mkdtempSync(join(tmpdir(), "cramkit-"));
  const { child, ended } = startCramkit(["watch", smallRunFolder(cwd)], { cwd });
  await new Promise((started) => child.stdout!.once("data", started));
  child.kill("SIGINT");
  const { code, error } = await ended;
  expect(error).toMatch(/^SIGINT: stopped/);
  expect(code).toBe(130);
});

/** A run's folder that holds its recipe alone. */
const smallRunFolder = (cwd: string): string => {
  writeFileSync(join(cwd, "recipe.json"), readFileSync(join(smallRun(1), "recipe.json")));
  return cwd;
};

const text = ["--set", 'corpus.sources=[{"kind":"hub","uri":"hf://datasets/a/b"}]'];
it.each([
  ["run", "smoke", ...text],
  ["prepare", "smoke", ...text, "--data", "data", "--task", "0", "--of", "2"],
  ["tokenizer", "train", "hf://datasets/a/b", "--out", "tokenizer.json"],
  ["glue", "download", "glue"],
])("hears Ctrl-C while a hub is silent: %s %s", { timeout }, async (...args) => {
  const cwd = mkdtempSync(join(tmpdir(), "cramkit-"));
  const server = createServer();
  const asked = new Promise((request) => server.once("request", request));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const { child, ended } = startCramkit(args, { cwd, env: { HF_ENDPOINT: `http://127.0.0.1:${port}` } });
  await asked;
  child.kill("SIGINT");
  const { code, error } = await ended;
  server.closeAllConnections();
  server.close();
  expect(error).toMatch(/\nstopped[ ;].*\n$/);
  expect(code).toBe(130);
});

it("stops in the middle of the training of a tokenizer, and leaves no file", { timeout }, async () => {
  const cwd = mkdtempSync(join(tmpdir(), "cramkit-"));
  const words = Array.from({ length: 60_000 }, (_, i) => ((i * 2_654_435_761) >>> 0).toString(36));
  writeFileSync(join(cwd, "text.txt"), words.join(" "));
  const args = [
    "tokenizer",
    "train",
    "text.txt",
    "--out",
    "tokenizer.json",
    "--model",
    "Unigram",
    "--vocab-size",
    "3000",
  ];
  const { child, ended, error } = startCramkit(args, { cwd });
  await waitFor(() => error().includes("training: "));
  const from = performance.now();
  child.kill("SIGINT");
  await waitFor(() => error().includes("SIGINT: stopping"));
  expect(performance.now() - from).toBeLessThan(2_000);
  expect(await ended).toMatchObject({ code: 130 });
  expect(error()).toMatch(/stopped; nothing was written to tokenizer\.json\n$/);
  expect(existsSync(join(cwd, "tokenizer.json"))).toBe(false);
});
