import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "@cramkit/errors";
import { expect, it } from "vitest";
import { quiet, tinyRun } from "../testing/tiny.testing.ts";
import { prepare } from "./prepare.ts";

const canMount =
  process.platform === "linux" && process.getuid?.() === 0 && spawnSync("mount", ["--version"]).status === 0;

/** Shards and manifest of a prepared folder's training rows, by name. */
const rowsOf = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.startsWith("shard-"))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(folder.length), readFileSync(path)]),
  );

// Every size of a disk stops the preparation somewhere else. Tried by root alone, who may mount one.
it.skipIf(!canMount)("names the file on a full disk, and goes on to the same rows when there is room", async () => {
  const { recipe, root } = tinyRun();
  const whole = await prepare(recipe, join(root, "whole"), quiet);
  whole.close();
  const expected = rowsOf(whole.folder);
  expect(Object.keys(expected).length).toBeGreaterThan(0);
  const disk = join(root, "disk");
  mkdirSync(disk);
  let full = 0;
  for (const size of ["8k", "32k", "64k", "128k", "256k"]) {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", disk]);
    try {
      const failure = await prepare(recipe, join(disk, "data"), quiet).then(
        (prepared) => prepared.close(),
        (error: unknown) => error,
      );
      if (failure) {
        full++;
        expect(hasCode(failure, "disk-full"), String(failure)).toBe(true);
        expect((failure as Error).message).toContain(disk);
        expect((failure as Error).message).not.toContain("partial-");
      }
      execFileSync("mount", ["-o", "remount,size=64m", disk]);
      const again = await prepare(recipe, join(disk, "data"), quiet);
      again.close();
      expect(rowsOf(again.folder)).toEqual(expected);
    } finally {
      execFileSync("umount", [disk]);
    }
  }
  expect(full).toBeGreaterThan(1);
});
