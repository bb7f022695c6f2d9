import { spawn } from "node:child_process";
import { mkdtemp, readdir, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, expect, it } from "vitest";
import { lockRun } from "./index.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "run-"));
});

const deadProcess = async (): Promise<number> => {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.on("exit", resolve));
  return child.pid!;
};

it("lets one process at a time work on a run", async () => {
  const release = await lockRun(folder);
  await expect(lockRun(folder)).rejects.toThrow(`process ${process.pid} on ${hostname()} is working on this folder`);
  release();
  (await lockRun(folder))();
  expect(await readdir(folder)).toEqual([]);
});

it("takes over from a process that is gone, or that never finished taking it", async () => {
  await writeFile(
    join(folder, "run.lock"),
    JSON.stringify({ pid: await deadProcess(), host: hostname(), started: "1" }),
  );
  (await lockRun(folder))();
  await writeFile(join(folder, "run.lock"), "");
  (await lockRun(folder))();
  expect(await readdir(folder)).toEqual([]);
});

it("says what to do where the owner ran on another machine", async () => {
  await writeFile(join(folder, "run.lock"), JSON.stringify({ pid: 1, host: "elsewhere", started: "1" }));
  await expect(lockRun(folder)).rejects.toThrow(
    /process 1 on elsewhere .*, or delete .*run\.lock if that machine is gone/,
  );
});

it("removes what a killed process left half-written, and nothing of one that lives", async () => {
  await writeFile(join(folder, `recipe.json.${await deadProcess()}.partial`), "{");
  await writeFile(join(folder, `report.html.${process.pid}.partial`), "<");
  (await lockRun(folder))();
  expect(await readdir(folder)).toEqual([`report.html.${process.pid}.partial`]);
});

/**
 * Takes the lock again and again until it had it `wanted` times. Whoever has it makes a file that nobody else may have
 * made; then it lets go, or leaves the lock of a dead process behind, so that the others race to take that over.
 */
const contender = `
import { openSync, closeSync, rmSync, renameSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
const [module, folder, wanted, dead] = process.argv.slice(1);
const { lockRun } = await import(module);
let taken = 0;
while (taken < Number(wanted)) {
  let release;
  try {
    release = await lockRun(folder);
  } catch (error) {
    if (!error.message.includes("is working on this folder")) throw error;
    continue;
  }
  closeSync(openSync(folder + "/inside", "wx"));
  await new Promise((done) => setTimeout(done, 1));
  rmSync(folder + "/inside");
  if (++taken % 4 === 0) release();
  else {
    const lock = { pid: Number(dead), host: hostname(), started: "1", claim: process.pid + "-" + taken };
    writeFileSync(folder + "/dead." + process.pid, JSON.stringify(lock));
    renameSync(folder + "/dead." + process.pid, folder + "/run.lock");
  }
}
`;

it("gives the lock of a dead process to one of many that want it at the same time", { timeout: 60_000 }, async () => {
  const tsx = pathToFileURL(resolve("node_modules/tsx/dist/loader.mjs")).href;
  const module = new URL("./run-lock.ts", import.meta.url).href;
  const args = [
    "--import",
    tsx,
    "--input-type=module",
    "-e",
    contender,
    module,
    folder,
    "30",
    `${await deadProcess()}`,
  ];
  const ends = Array.from({ length: 4 }, () => {
    const child = spawn(process.execPath, args);
    let error = "";
    child.stderr.on("data", (chunk) => (error += chunk));
    return new Promise((done) => child.on("close", (code) => done({ code, error })));
  });
  expect(await Promise.all(ends)).toEqual(ends.map(() => ({ code: 0, error: "" })));
  expect((await readdir(folder)).filter((name) => name !== "run.lock")).toEqual([]);
});
