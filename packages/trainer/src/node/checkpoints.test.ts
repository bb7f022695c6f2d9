import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { type CheckpointFormat, openCheckpoints } from "./checkpoints.ts";

const format: CheckpointFormat<string> = {
  save: (state, folder) => writeFile(join(folder, "state.txt"), state),
  load: (folder) => readFile(join(folder, "state.txt"), "utf8"),
};
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "checkpoints-"));
});
const open = (keep = 2, damaged: string[] = []) =>
  openCheckpoints({ folder, format, keep, onDamaged: (m) => damaged.push(m) });

it("gives back the newest state", async () => {
  const checkpoints = await open();
  expect(await checkpoints.latest()).toBeUndefined();
  await checkpoints.write("one", { microbatch: 1 });
  await checkpoints.write("ten", { microbatch: 10 });
  expect(await (await open()).latest()).toEqual({ state: "ten", microbatch: 10 });
});

it("keeps the newest and the best", async () => {
  const checkpoints = await open(2);
  for (const [microbatch, score] of [
    [1, 5],
    [2, 1],
    [3, 4],
    [4, 3],
    [5, 2],
  ] as const)
    await checkpoints.write("x", { microbatch, score });
  expect((await readdir(folder)).map((name) => Number(name.split("-")[1])).sort()).toEqual([2, 4, 5]);
});

it.each([
  ["a flipped bit", (file: string) => writeFile(file, "tem")],
  ["a longer file", (file: string) => appendFile(file, "!")],
])("falls back over %s and says so", async (_, damage) => {
  const damaged: string[] = [];
  const checkpoints = await open(2, damaged);
  await checkpoints.write("one", { microbatch: 1 });
  await checkpoints.write("ten", { microbatch: 10 });
  await damage(join(folder, "microbatch-0000000010", "state.txt"));
  expect(await checkpoints.latest()).toEqual({ state: "one", microbatch: 1 });
  expect(damaged).toEqual([expect.stringMatching(/microbatch-0000000010: state\.txt: .*going back/)]);
});

it("writes on behind a checkpoint whose manifest is damaged", async () => {
  const damaged: string[] = [];
  const checkpoints = await open(1, damaged);
  await checkpoints.write("one", { microbatch: 1, score: 1 });
  await writeFile(join(folder, "microbatch-0000000001", "checkpoint.json"), "{");
  await checkpoints.write("two", { microbatch: 2 });
  expect(await checkpoints.latest()).toEqual({ state: "two", microbatch: 2 });
  expect(await readdir(folder)).toEqual(["microbatch-0000000002"]);
});

it("removes what a killed process left and never reads it", async () => {
  await mkdir(join(folder, "microbatch-0000000099.partial"), { recursive: true });
  expect(await (await open()).latest()).toBeUndefined();
  expect(await readdir(folder)).toEqual([]);
});

it("leaves nothing behind when saving fails", async () => {
  const failing = { ...format, save: async () => Promise.reject(new Error("ENOSPC: no space left on device")) };
  const checkpoints = await openCheckpoints({ folder, format: failing });
  await expect(checkpoints.write("x", { microbatch: 1 })).rejects.toThrow("ENOSPC");
  expect(await readdir(folder)).toEqual([]);
});

it("refuses a checkpoint of a newer version", async () => {
  const checkpoints = await open();
  await checkpoints.write("x", { microbatch: 1 });
  await writeFile(join(folder, "microbatch-0000000001", "checkpoint.json"), JSON.stringify({ version: 2, files: {} }));
  await expect(checkpoints.latest()).rejects.toThrow("expected checkpoint version 1 or older, got 2; update cramkit");
});

it("goes on where a process was killed while it removed an old checkpoint", async () => {
  const checkpoints = await open(1);
  await checkpoints.write("one", { microbatch: 1 });
  await rename(join(folder, "microbatch-0000000001"), join(folder, "microbatch-0000000001.removed.partial"));
  const again = await open(1);
  await again.write("two", { microbatch: 2 });
  await again.write("three", { microbatch: 3 });
  expect(await readdir(folder)).toEqual(["microbatch-0000000003"]);
});

it("writes a checkpoint again in place of the one with its number", async () => {
  const checkpoints = await open();
  await checkpoints.write("one", { microbatch: 1 });
  await checkpoints.write("other", { microbatch: 1 });
  expect(await checkpoints.latest()).toEqual({ state: "other", microbatch: 1 });
  expect(await readdir(folder)).toEqual(["microbatch-0000000001"]);
});
