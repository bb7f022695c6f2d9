import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, expect, it } from "vitest";
import { deadPartialPath, deadProcess } from "./dead-process.testing.ts";
import { lockFolder, partialPath } from "./index.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lock-"));
});

it("lets one process at a time work on a run", async () => {
  const release = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toThrow(`process ${process.pid} on ${hostname()} is working on this folder`);
  release();
  (await lockFolder(folder))();
  expect(await readdir(folder)).toEqual([]);
});

it("takes over from a process that is gone, or that never finished taking it", async () => {
  await writeFile(join(folder, "lock"), JSON.stringify({ pid: await deadProcess(), host: hostname(), started: "1" }));
  (await lockFolder(folder))();
  await writeFile(join(folder, "lock"), "");
  (await lockFolder(folder))();
  expect(await readdir(folder)).toEqual([]);
});

it("says what to do where the owner ran on another machine", async () => {
  await writeFile(join(folder, "lock"), JSON.stringify({ pid: 1, host: "elsewhere", started: "1" }));
  await expect(lockFolder(folder)).rejects.toThrow(
    /process 1 on elsewhere .*, or delete .*lock if that machine is gone/,
  );
});

it("removes what a killed process left half-written, also below, and nothing of one that lives", async () => {
  await mkdir(join(folder, "below"));
  const mine = partialPath(join(folder, "report.html"));
  await writeFile(await deadPartialPath(join(folder, "below", "recipe.json")), "{");
  await writeFile(mine, "<");
  (await lockFolder(folder))();
  expect((await readdir(folder, { recursive: true })).sort()).toEqual(["below", basename(mine)]);
});

it.each(["null", "7", "[]", '{"pid":-1,"host":"here"}', '{"pid":0}', '{"pid":1}', "{", "\0"])(
  "takes over from a lock that names no process: %j",
  async (text) => {
    await writeFile(join(folder, "lock"), text.replace("here", hostname()));
    (await lockFolder(folder))();
    expect(await readdir(folder)).toEqual([]);
  },
);

it("has the name that was asked for, in a folder that it makes, and tells who has it", async () => {
  const path = join(folder, "run");
  const release = await lockFolder(path, { name: "run.lock" });
  expect(await readdir(path)).toEqual(["run.lock"]);
  const error = await lockFolder(path, { name: "run.lock" }).catch((failure) => failure);
  expect(error).toMatchObject({
    code: "locked",
    place: path,
    details: { pid: process.pid, host: hostname(), lock: join(path, "run.lock") },
  });
  release();
});

/**
 * Takes the lock again and again until it had it `wanted` times. Whoever has it makes a file that nobody else may have
 * made; then it lets go, or leaves the lock of a dead process behind, so that the others race to take that over.
 */
const contender = `
import { openSync, closeSync, rmSync, renameSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
const [module, folder, wanted, dead] = process.argv.slice(1);
const { lockFolder } = await import(module);
let taken = 0;
while (taken < Number(wanted)) {
  let release;
  try {
    release = await lockFolder(folder);
  } catch (error) {
    if (error.code !== "locked") throw error;
    continue;
  }
  closeSync(openSync(folder + "/inside", "wx"));
  await new Promise((done) => setTimeout(done, 1));
  rmSync(folder + "/inside");
  if (++taken % 4 === 0) release();
  else {
    const lock = { pid: Number(dead), host: hostname(), started: "1", claim: process.pid + "-" + taken };
    writeFileSync(folder + "/dead." + process.pid, JSON.stringify(lock));
    renameSync(folder + "/dead." + process.pid, folder + "/lock");
  }
}
`;

it("gives the lock of a dead process to one of many that want it at the same time", { timeout: 60_000 }, async () => {
  const tsx = pathToFileURL(resolve("node_modules/tsx/dist/loader.mjs")).href;
  const module = new URL("./folder-lock.ts", import.meta.url).href;
  const args = [
    "--import",
    tsx,
    "--conditions=@cramkit/source",
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
  expect((await readdir(folder)).filter((name) => name !== "lock")).toEqual([]);
});
