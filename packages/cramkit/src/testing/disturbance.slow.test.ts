import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { canMount, isTraining, smallRun, startCramkit, system, weightsOf, workerOn } from "./command-line.testing.ts";

const root = smallRun(3000);
const at = (...names: string[]) => join(root, ...names);
const start = (args: string[], preload?: string) => startCramkit(args, { cwd: root, preload });
const run = (dir: string, preload?: string) => start(["run", "recipe.json", "--dir", dir, "--data", "data"], preload);
const resume = (dir: string) => start(["resume", dir]).ended;
const expectSameWeights = (dir: string) => expect(weightsOf(at(dir)).equals(weightsOf(at("whole")))).toBe(true);

const mount = (...args: string[]) => expect(system("mount", ...args), `mount ${args.join(" ")}`).toBe(0);
const umount = (folder: string) => void system("umount", folder);

beforeAll(async () => {
  expect((await run("whole").ended).code).toBe(0);
}, 600_000);

it.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("stops at %s with a checkpoint, says how to resume, and loses nothing", async (signal, expected) => {
  const dir = signal.toLowerCase();
  const { child, ended } = run(dir);
  await isTraining(at(dir), child.pid);
  child.kill(signal);
  const { code, error } = await ended;
  expect(error).toMatch(new RegExp(`${signal}: finishing the step and saving; a second ${signal} ends at once`));
  expect(error).toMatch(new RegExp(`^stopped at [\\d.]+ % of the budget; \`cramkit resume ${dir}\` goes on$`, "m"));
  expect(code).toBe(expected);
  expect(workerOn(at(dir))).toBeUndefined();
  const again = await resume(dir);
  expect(again.error).toMatch(/resuming at microbatch/);
  expect(again.code).toBe(0);
  expectSameWeights(dir);
});

it("ends at once at the second Ctrl-C, and loses no more than what came after the last checkpoint", async () => {
  const { child, ended, error } = run("twice");
  await isTraining(at("twice"), child.pid);
  child.kill("SIGINT");
  while (!error().includes("a second SIGINT ends at once")) await new Promise(setImmediate);
  child.kill("SIGINT");
  expect((await ended).code).toBe(130);
  expect((await resume("twice")).code).toBe(0);
  expectSameWeights("twice");
});

it("refuses a second process on a run folder, and takes over from one that was killed", async () => {
  const first = run("shared");
  await isTraining(at("shared"), first.child.pid);
  const second = await resume("shared");
  expect(second.code).toBe(1);
  expect(second.error).toMatch(
    new RegExp(`^cramkit: shared: process ${first.child.pid} on \\S+ is working on this folder; wait for it`, "m"),
  );
  first.child.kill("SIGKILL");
  await first.ended;
  expect(workerOn(at("shared"))).toBe(first.child.pid);
  expect((await resume("shared")).code).toBe(0);
  expectSameWeights("shared");
});

it("goes on with the checkpoint before one with a flipped bit, and says so", async () => {
  const { child, ended } = run("flipped");
  await isTraining(at("flipped"), child.pid);
  child.kill("SIGINT");
  await ended;
  const newest = readdirSync(at("flipped", "checkpoints")).sort().at(-1)!;
  const file = at("flipped", "checkpoints", newest, "tensors.safetensors");
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1]! ^= 4;
  writeFileSync(file, bytes);
  const { code, error } = await resume("flipped");
  expect(error).toMatch(new RegExp(`${newest}: tensors.safetensors: its checksum does not match.*going back`));
  expect(code).toBe(0);
  expectSameWeights("flipped");
});

it("refuses the folder of another recipe or version, and names the difference", async () => {
  const other = await start(["run", "recipe.json", "--dir", "whole", "--data", "data", "--set", "seed=5"]).ended;
  expect(other.error).toMatch(
    /^cramkit: whole holds a run of another recipe: seed is 1 there and 5 here; name another folder with --dir$/m,
  );
  mkdirSync(at("old"));
  const { seed: _, ...old } = JSON.parse(readFileSync(at("recipe.json"), "utf8"));
  writeFileSync(at("old", "recipe.json"), JSON.stringify(old));
  const version = await resume("old");
  expect(version.error).toMatch(/^cramkit: old\/recipe\.json: seed: .*; a recipe of another version\?/m);
  expect([other.code, version.code]).toEqual([1, 1]);
  expectSameWeights("whole");
});

describe("a clock that jumps an hour back and forth", () => {
  const preload = at("jumping-clock.mjs");
  beforeAll(() =>
    writeFileSync(
      preload,
      "const now = Date.now; let calls = 0; Date.now = () => now() + [0, 3_600_000, -3_600_000][calls++ % 3];",
    ),
  );
  const elapsed = (dir: string) =>
    readFileSync(at(dir, "metrics.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).elapsedMs as number);

  it("changes neither the weights nor the order of the metrics", async () => {
    expect((await run("jumps", preload).ended).code).toBe(0);
    expectSameWeights("jumps");
    expect(elapsed("jumps")).toEqual(elapsed("jumps").toSorted((a, b) => a - b));
  });

  it("does not touch a budget of time", async () => {
    const args = ["run", "recipe.json", "--dir", "timed", "--data", "data", "--set", "training.budget=0.1 minutes"];
    expect((await start(args, preload).ended).code).toBe(0);
    const { elapsedMs } = JSON.parse(readFileSync(at("timed", "summary.json"), "utf8"));
    expect(elapsedMs).toBeGreaterThan(2_000);
    expect(elapsedMs).toBeLessThan(6_000);
  });
});

it.skipIf(!canMount)(
  "survives a full disk (tried by root alone): trains on, ends with one clear line, resumes",
  async () => {
    mkdirSync(at("disk"));
    mount("-t", "tmpfs", "-o", "size=8m", "tmpfs", at("disk"));
    try {
      const { child, ended } = run(join("disk", "run"));
      await isTraining(at("disk", "run"), child.pid);
      fill(at("disk", "ballast"));
      const { code, error } = await ended;
      expect(error).toMatch(/no checkpoint: .*the disk is full \(ENOSPC\); training continues/);
      expect(error.trim().split("\n").at(-1)).toMatch(
        /^cramkit: \S+: the disk is full \(ENOSPC\); free some space and run it again/,
      );
      expect(code).toBe(1);
      rmSync(at("disk", "ballast"));
      expect((await resume(join("disk", "run"))).code).toBe(0);
      expectSameWeights(join("disk", "run"));
    } finally {
      umount(at("disk"));
    }
  },
);

it("says at once that a run folder cannot be written to", async () => {
  mkdirSync(at("locked"));
  if (canMount) mount("-t", "tmpfs", "-o", "ro", "tmpfs", at("locked"));
  else chmodSync(at("locked"), 0o555);
  try {
    const { code, error } = await run(join("locked", "run")).ended;
    expect(error).toMatch(
      /^cramkit: .*locked.*: (permission denied|not permitted|the file system is read-only) \(E\w+\); .*choose /m,
    );
    expect(error).not.toContain("training:");
    expect(code).toBe(1);
  } finally {
    if (canMount) umount(at("locked"));
  }
});

/** Takes what is left of a disk. */
const fill = (file: string): void => {
  const chunk = Buffer.alloc(1 << 12);
  try {
    for (;;) writeFileSync(file, chunk, { flag: "a" });
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe("ENOSPC");
  }
};
