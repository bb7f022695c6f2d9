import { spawn } from "node:child_process";
import { appendFile, chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Result } from "../measure/record.ts";
import { readResults } from "../measure/results-file.ts";
import { createContext, type SuiteOptions } from "../measure/suite.ts";
import { pytorchSuite } from "../peers/pytorch.ts";
import { renderReport } from "../report/report.ts";
import { parseShape } from "../workloads/shapes.ts";
import { runSuites } from "./run.ts";

const options: SuiteOptions = { backend: "cpu", precision: "float32", shapes: [], quick: true, python: "python3" };
const measurement = (name: string, unit: string, value: number) => ({
  ...{
    kind: "measurement",
    case: name,
    mode: "",
    provider: "cramkit",
    backend: "cpu",
    precision: "float32",
    shape: "-",
  },
  ...{
    unit,
    value: { p20: value, p50: value, p80: value },
    ms: { p20: 1, p50: 1, p80: 1 },
    samples: 3,
    clock: "host",
    load: 0,
  },
});

/** Stands for the program's child: what a suite does is written in its name. */
const child = `
const { suite } = JSON.parse(process.argv[3]);
const send = (message) => new Promise((done) => process.send(message, done));
if (suite === "scheduler") process.abort();
if (suite === "corpus") await new Promise((done) => setTimeout(done, 60_000));
if (suite === "machine") await send({ result: ${JSON.stringify({ ...measurement("matmul", "GFLOP/s", 20), suite: "machine" })} });
if (suite === "ops") await send({ result: ${JSON.stringify({ ...measurement("linear", "GFLOP/s", 10), suite: "ops", bound: "matmul" })} });
await send({ done: true });
process.exit(0);
`;

let folder: string;
let script: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cramkit-bench-test-"));
  script = join(folder, "child.mjs");
  await writeFile(script, child);
});
afterAll(() => rm(folder, { recursive: true }));

const runWith = (suites: string[], changes: Partial<SuiteOptions> = {}, budgetMs?: number) =>
  runSuites({
    parts: suites.map((suite) => ({ suite, options: { ...options, ...changes }, limitMs: 3_000 })),
    ...{ script, command: "test", resultsFolder: join(folder, "results"), budgetMs },
    onLine: () => {},
  });

describe("runSuites", () => {
  it("goes on after a crash, an endless suite and an unknown one, keeps all in the file, and knows the ceilings", async () => {
    const { results, file, header } = await runWith(["machine", "scheduler", "nonsense", "corpus", "ops"], {
      quick: false,
    });
    const summary = results.map((one) => [one.suite, one.kind]);
    expect(summary).toEqual([
      ["nonsense", "failure"],
      ["machine", "measurement"],
      ["scheduler", "failure"],
      ["corpus", "failure"],
      ["ops", "measurement"],
    ]);
    const messages = results.map((one) => (one.kind === "failure" ? one.message : ""));
    expect(messages[0]).toMatch(/expected a suite, one of machine, .*, got "nonsense"/);
    expect(messages[2]).toMatch(/ended with SIGABRT/);
    expect(messages[3]).toMatch(/within 3 s/);
    expect(results[4]).toMatchObject({ share: 0.5 });
    expect(await readResults(file!)).toEqual([header, ...results]);
    const report = renderReport([header, ...results]);
    expect(report).toContain("50 % of matmul");
    expect(report).toMatch(/### Failed[\s\S]*SIGABRT/);
  }, 20_000);

  it("knows no share of a ceiling that was measured on a toy", async () => {
    const { results } = await runWith(["machine", "ops"], { quick: true });
    expect(results[1]).not.toHaveProperty("share");
  });

  it("refuses an unknown backend, precision or shape before anything runs", async () => {
    for (const changes of [{ backend: "abacus" }, { precision: "bf8" }, { shapes: ["bert-gigantic"] }]) {
      const { results } = await runWith(["machine"], changes as Partial<SuiteOptions>);
      expect(results).toHaveLength(1);
      expect(results[0]).toMatchObject({
        kind: "failure",
        message: expect.stringMatching(/expected one of .*, got "/),
      });
    }
  });

  it("stops what is running and leaves out the rest when the budget is used up", async () => {
    const { results } = await runWith(["machine", "corpus", "ops", "glue"], {}, 7_500);
    expect(results.map(({ suite, kind }) => [suite, kind])).toEqual([
      ["machine", "measurement"],
      ["corpus", "failure"],
      ["ops", "skipped"],
      ["glue", "skipped"],
    ]);
    expect(results[3]).toMatchObject({ reason: "the budget of 0.125 minutes was used up" });
  }, 20_000);

  it("reads a file whose last line was cut off", async () => {
    const { file } = await runWith(["machine"]);
    const whole = await readResults(file!);
    await appendFile(file!, '{"kind":"measurem');
    expect(await readResults(file!)).toEqual(whole);
  });

  it.each(["SIGTERM", "SIGKILL"] as const)(
    "leaves no process behind when it is ended by %s",
    async (signal) => {
      const pids = join(folder, `pids-${signal}`);
      const python = join(folder, "sleeping-python");
      await writeFile(python, `#!/bin/sh\necho $$ > ${pids}\nexec sleep 60\n`);
      await chmod(python, 0o755);
      const flags = ["--import", "tsx", "--conditions=@cramkit/source"];
      const cli = fileURLToPath(new URL("../cli.ts", import.meta.url));
      const args = [cli, "pytorch", "glue", "--quick", "--no-save", "--python", python];
      const run = spawn(process.execPath, [...flags, ...args], { stdio: "ignore" });
      const pid = Number(
        await vi.waitFor(() => readFile(pids, "utf8").then((text) => text.trim() || Promise.reject()), 60_000),
      );
      expect(() => process.kill(pid, 0)).not.toThrow();
      run.kill(signal);
      await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow("ESRCH"), 10_000);
    },
    90_000,
  );

  it("writes the header of a run with commit, date, versions and load", async () => {
    const { file } = await runWith(["machine"]);
    const first = JSON.parse((await readFile(file!, "utf8")).split("\n")[0]!);
    expect(first).toMatchObject({ kind: "run", softwareAdapter: false, commit: expect.any(String) });
    expect(first.versions.node).toBe(process.versions.node);
    expect(first.load).toHaveLength(3);
  });
});

describe("the PyTorch peer", () => {
  const runPeer = async (python: string): Promise<Result[]> => {
    const results: Result[] = [];
    await pytorchSuite.run(createContext("pytorch", { ...options, python }, (result) => results.push(result)));
    return results;
  };
  const script = async (name: string, body: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, `#!/bin/sh\n${body}\n`);
    await chmod(path, 0o755);
    return path;
  };
  const times = (loss: number[]) =>
    JSON.stringify({
      kind: "times",
      device: "cpu",
      name: "PyTorch",
      attention: "sdpa",
      compile: false,
      precision: "float32",
      ms: [10, 20, 30],
      loss,
    });

  it("is left out where there is no Python", async () => {
    expect(await runPeer("/nowhere/python3")).toMatchObject([{ kind: "skipped" }]);
  });

  it("fails where it crashes, and keeps what it had measured", async () => {
    const results = await runPeer(await script("crash", `echo '${times([5, 4])}'; echo boom >&2; exit 3`));
    expect(results).toMatchObject([
      { kind: "measurement", provider: "PyTorch", ms: { p50: 20 }, value: { p50: 6400 } },
      { kind: "failure", message: expect.stringMatching(/exit code 3: boom/) },
    ]);
  });

  it("has no time where its loss does not fall", async () => {
    expect(await runPeer(await script("wrong", `echo '${times([5, 6])}'`))).toMatchObject([{ kind: "failure" }]);
  });
});

describe("parseShape", () => {
  it("changes a shape by name", () => {
    const { batch, seq, config } = parseShape("crammed-bert:batch=2,layers=3");
    expect([batch, seq, config.layers, config.hidden]).toEqual([2, 128, 3, 768]);
  });

  it.each(["crammed-bert:batch=0", "crammed-bert:colour=3", "step:layers=1.5"])("refuses %s", (text) => {
    expect(() => parseShape(text)).toThrow(/--shape: expected/);
  });
});
