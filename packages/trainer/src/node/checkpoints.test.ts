import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { partialPath } from "@cramkit/files";
import { beforeEach, expect, it } from "vitest";
import { type CheckpointFormat, listCheckpoints, openCheckpoints, readCheckpoint } from "./checkpoints.ts";

const format: CheckpointFormat<string> = {
  save: (state, write) => write("state.txt", state),
  load: (folder) => readFile(join(folder, "state.txt"), "utf8"),
};
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "checkpoints-"));
});
/** A temporary name that a process gave which has ended. */
const leftover = (name: string): string => partialPath(join(folder, name)).replace(/-\d+-\d+-(\d+)$/, "-4194305-1-$1"); // beyond the largest process number
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

it("believes no score that was changed", async () => {
  const damaged: string[] = [];
  const checkpoints = await open(2, damaged);
  await checkpoints.write("one", { microbatch: 1, score: 4.5 });
  await checkpoints.write("ten", { microbatch: 10, score: 4.25 });
  const path = join(folder, "microbatch-0000000010");
  const file = join(path, "checkpoint.json");
  await writeFile(file, (await readFile(file, "utf8")).replace("4.25", "0.25"));
  expect(await checkpoints.latest()).toEqual({ state: "one", microbatch: 1, score: 4.5 });
  expect(damaged).toEqual([expect.stringMatching(/microbatch-0000000010: .*checksum does not match/)]);
  expect(await listCheckpoints(folder)).toEqual([
    { folder: path, microbatch: 10, score: null, error: expect.any(Error) },
    { folder: join(folder, "microbatch-0000000001"), microbatch: 1, score: 4.5 },
  ]);
  await expect(readCheckpoint(path, format)).rejects.toMatchObject({ code: "damaged-file", place: file });
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
  await mkdir(leftover("microbatch-0000000099"), { recursive: true });
  expect(await (await open()).latest()).toBeUndefined();
  expect(await readdir(folder)).toEqual([]);
});

it("writes each file once and does not read it back", async ({ skip }) => {
  if (process.platform !== "linux") skip("counts what the process reads by /proc");
  const megabytes = 32;
  const chunks = Array.from({ length: megabytes }, (_, n) => new Uint8Array(1 << 20).fill(n));
  const large: CheckpointFormat<unknown> = { save: (_, write) => write("large.bin", chunks), load: async () => {} };
  const checkpoints = await openCheckpoints({ folder, format: large });
  const moved = async (name: string) =>
    Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(await readFile("/proc/self/io", "utf8"))![1]);
  const [read, written] = [await moved("rchar"), await moved("wchar")];
  await checkpoints.write({}, { microbatch: 1 });
  expect((await moved("rchar")) - read).toBeLessThan(4 << 20);
  expect((await moved("wchar")) - written).toBeLessThan((megabytes + 4) << 20);
  expect((await checkpoints.latest())?.microbatch).toBe(1); // whose checksums match
});

it("makes its folder again when somebody removed it", async () => {
  const checkpoints = await open();
  await checkpoints.write("one", { microbatch: 1 });
  await rm(folder, { recursive: true });
  expect(await checkpoints.latest()).toBeUndefined();
  await checkpoints.write("two", { microbatch: 2 });
  expect(await checkpoints.latest()).toEqual({ state: "two", microbatch: 2 });
});

it.each(["../victim.txt", "/etc/hostname", "a/../../victim.txt"])("reads no file outside: %s", async (name) => {
  const damaged: string[] = [];
  const checkpoints = await open(2, damaged);
  await checkpoints.write("one", { microbatch: 1 });
  await checkpoints.write("ten", { microbatch: 10 });
  const manifest = { version: 1, microbatch: 10, score: null, files: { [name]: { bytes: 1, sha256: "" } } };
  await writeFile(join(folder, "microbatch-0000000010", "checkpoint.json"), JSON.stringify(manifest));
  expect(await checkpoints.latest()).toEqual({ state: "one", microbatch: 1 });
  expect(damaged).toEqual([expect.stringContaining(JSON.stringify(name))]);
});

it("does not go back when memory ran out while it read", async () => {
  const full = { ...format, load: () => Promise.reject(new RangeError("Array buffer allocation failed")) };
  const checkpoints = await openCheckpoints({ folder, format: full });
  await checkpoints.write("one", { microbatch: 1 });
  await expect(checkpoints.latest()).rejects.toThrow("allocation failed");
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
  await rename(join(folder, "microbatch-0000000001"), leftover("microbatch-0000000001"));
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
