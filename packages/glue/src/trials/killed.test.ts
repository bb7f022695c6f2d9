import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { readResults } from "../node/results-folder.ts";
import type { TrialResult } from "./results.ts";

const tsx = pathToFileURL(resolve("node_modules/tsx/dist/loader.mjs")).href;
const index = pathToFileURL(resolve("packages/glue/src/index.ts")).href;

/** Two tasks of two trials, which writes a line for every step, every trial resumed and every trial done. */
const program = `
import { bagOfWords, protocols, runTasks } from ${JSON.stringify(index)};
import { resultsFolder } from ${JSON.stringify(index.replace("index.ts", "node/index.ts"))};
const examples = Array.from({ length: 120 }, (_, i) => ({ text: "day " + i + (i % 3 ? " rain" : " sun"), label: i % 3 ? 0 : 1 }));
const task = (name) => ({
  task: { name, title: name, labels: ["bad", "good"], pair: false, metrics: ["accuracy"] },
  train: examples.slice(0, 80),
  evaluations: [{ name: "dev", column: name, examples: examples.slice(80) }],
});
await runTasks({
  trainee: bagOfWords({ buckets: 1024 }),
  tasks: [task("one"), task("two")],
  protocol: { ...protocols.GLUE_sane, batchSize: 4, epochs: 2, trials: 2 },
  results: resultsFolder(process.argv[1]),
  onProgress: ({ task, trial, phase, done }) => process.stdout.write([task, trial, phase, done ?? ""].join(" ") + "\\n"),
});
`;

/** Runs the program to its end, or kills it the hard way when it writes a line that begins so. */
const runUntil = (folder: string, line?: string) =>
  new Promise<{ killed: boolean; lines: string[] }>((done) => {
    const args = ["--import", tsx, "--conditions=@cramkit/source", "--input-type=module", "-e", program, folder];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    let out = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
      if (line !== undefined && `\n${out}`.includes(`\n${line}`)) child.kill("SIGKILL");
    });
    child.on("close", (_, signal) => done({ killed: signal === "SIGKILL", lines: out.split("\n") }));
  });

const scored = (results: TrialResult[]) =>
  results.map(({ fitExamplesPerSecond: _, evaluateExamplesPerSecond: __, ...rest }) => rest);

it("goes on by task and trial after kill -9, to the results of an undisturbed run", { timeout: 60_000 }, async () => {
  const root = await mkdtemp(join(tmpdir(), "cramkit-glue-"));
  const [whole, parts] = [join(root, "whole"), join(root, "parts")];
  await runUntil(whole);
  for (const line of ["one 1 train 3", "two 0 train 2", "two 1 evaluate"])
    expect((await runUntil(parts, line)).killed).toBe(true);
  const { lines } = await runUntil(parts);
  expect(lines.filter((line) => /resumed|finished/.test(line)).map((line) => line.trim())).toEqual(
    expect.arrayContaining(["one 0 resumed", "one 1 resumed", "two 0 resumed"]),
  );
  expect(scored(await readResults(parts))).toEqual(scored(await readResults(whole)));
  const files = await readdir(parts, { recursive: true });
  expect(files.filter((name) => name.includes("partial"))).toEqual([]);
  await rm(root, { recursive: true });
});
