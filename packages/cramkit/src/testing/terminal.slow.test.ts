import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import {
  canMount,
  hasPty,
  isTraining,
  newestCheckpoint,
  shellCommand,
  smallRun,
  startShell,
  system,
  waitFor,
  workerOn,
} from "./command-line.testing.ts";

const timeout = 120_000;

it.skipIf(!canMount)(
  "trains on where the log's disk is full, and says so when there is room again",
  { timeout },
  async () => {
    const cwd = smallRun(100_000);
    const disk = join(cwd, "disk");
    mkdirSync(disk);
    expect(system("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk)).toBe(0);
    try {
      try {
        writeFileSync(join(disk, "ballast"), Buffer.alloc(128 * 1024));
      } catch {
        // As full as it can be.
      }
      const { ended, child } = startShell(`exec ${shellCommand(["run", "recipe.json"])} >> disk/log 2>&1`, { cwd });
      const run = join(cwd, "runs", "small");
      await isTraining(run, child.pid);
      rmSync(join(disk, "ballast"));
      child.kill("SIGTERM");
      expect((await ended).code).toBe(143);
      expect(readFileSync(join(disk, "log"), "utf8")).toMatch(
        /cramkit: \d+ lines? could not be printed here \(ENOSPC.*\)\nSIGTERM: finishing the step/,
      );
    } finally {
      system("umount", disk);
    }
  },
);

it.skipIf(!hasPty)("saves a run whose terminal closes", { timeout }, async () => {
  const cwd = smallRun(100_000);
  const run = join(cwd, "runs", "small");
  // The shell dies with its terminal, as one that somebody typed into does; what it started gets SIGHUP.
  writeFileSync(
    join(cwd, "command.sh"),
    `(trap true HUP; ${shellCommand(["run", "recipe.json"])}; echo $? > code) & wait\n`,
  );
  const { child } = startShell("exec script -qec 'bash command.sh' /dev/null", { cwd });
  await waitFor(() => workerOn(run) !== undefined && newestCheckpoint(run) > 0);
  child.kill("SIGKILL"); // the terminal is gone: SIGHUP, and EIO from then on
  await waitFor(() => existsSync(join(cwd, "code")) && readFileSync(join(cwd, "code"), "utf8") !== "");
  expect(readFileSync(join(cwd, "code"), "utf8")).toBe("129\n");
  expect(workerOn(run)).toBeUndefined();
});

it.skipIf(!hasPty)("trains to its end where it does not hear that its terminal closes", { timeout }, async () => {
  const cwd = smallRun(600);
  const run = join(cwd, "runs", "small");
  writeFileSync(
    join(cwd, "command.sh"),
    `trap '' HUP\nsetsid -w ${shellCommand(["run", "recipe.json"])}; echo $? > code\n`,
  );
  const { child } = startShell("exec script -qec 'bash command.sh' /dev/null", { cwd });
  await waitFor(() => workerOn(run) !== undefined && newestCheckpoint(run) > 0);
  child.kill("SIGKILL");
  await waitFor(() => existsSync(join(cwd, "code")) && readFileSync(join(cwd, "code"), "utf8") !== "");
  expect(readFileSync(join(cwd, "code"), "utf8")).toBe("0\n");
  expect(existsSync(join(run, "report.html"))).toBe(true);
});
