import { spawn } from "node:child_process";
import { appendFile, mkdtemp, readdir, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { lockRun, openMetrics, readMetrics } from "./index.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "run-"));
});

it("lets one process at a time work on a run", async () => {
  const release = await lockRun(folder);
  await expect(lockRun(folder)).rejects.toThrow(`process ${process.pid} on ${hostname()} is working on this folder`);
  release();
  (await lockRun(folder))();
});

it("takes over from a process that is gone, or that never finished taking it", async () => {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.on("exit", resolve));
  await writeFile(join(folder, "run.lock"), JSON.stringify({ pid: child.pid, host: hostname(), started: "1" }));
  (await lockRun(folder))();
  await writeFile(join(folder, "run.lock"), "");
  (await lockRun(folder))();
});

it("says what to do where the owner ran on another machine", async () => {
  await writeFile(join(folder, "run.lock"), JSON.stringify({ pid: 1, host: "elsewhere", started: "1" }));
  await expect(lockRun(folder)).rejects.toThrow(
    /process 1 on elsewhere .*, or delete .*run\.lock if that machine is gone/,
  );
});

it("removes what a killed process left half-written, and nothing of one that lives", async () => {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.on("exit", resolve));
  await writeFile(join(folder, `recipe.json.${child.pid}.partial`), "{");
  await writeFile(join(folder, `report.html.${process.pid}.partial`), "<");
  (await lockRun(folder))();
  expect(await readdir(folder)).toEqual([`report.html.${process.pid}.partial`]);
});

it("appends metrics and drops what a resumed run writes again", async () => {
  const file = join(folder, "metrics.jsonl");
  const first = await openMetrics(file, { microbatch: 0 });
  for (let microbatch = 1; microbatch <= 5; microbatch++) await first.append({ microbatch, loss: 1 / microbatch });
  await first.close();
  await appendFile(file, '{"microbatch":6,"lo'); // killed while writing
  const second = await openMetrics(file, { microbatch: 3 });
  await second.append({ microbatch: 4, loss: null });
  await second.close();
  expect(await readMetrics(file)).toEqual([
    { microbatch: 1, loss: 1 },
    { microbatch: 2, loss: 0.5 },
    { microbatch: 3, loss: 1 / 3 },
    { microbatch: 4, loss: null },
  ]);
});

it("names the line of a metrics file that is broken", async () => {
  await writeFile(join(folder, "m.jsonl"), '{"microbatch":1}\nbroken\n');
  await expect(readMetrics(join(folder, "m.jsonl"))).rejects.toThrow(/m\.jsonl:2: expected a JSON object, got broken/);
});
