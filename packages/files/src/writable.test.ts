import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "@cramkit/errors";
import { beforeEach, expect, it } from "vitest";
import { checkWritable, makeFolder } from "./index.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "writable-"));
});

it("leaves nothing, neither in a folder nor in place of one that is yet to be made", async () => {
  await checkWritable(root);
  await checkWritable(join(root, "a", "b"));
  expect(await readdir(root)).toEqual([]);
});

it("says that a file is in the way", async () => {
  await writeFile(join(root, "file"), "");
  for (const path of [join(root, "file"), join(root, "file", "below")]) {
    const error = await checkWritable(path).catch((failure) => failure);
    expect(codeOf(error)).toBe("exists");
    expect(error.place).toBe(join(root, "file"));
  }
});

it.skipIf(process.platform !== "linux")("ends where no folder can be made, also below /proc", async () => {
  await expect(makeFolder("/proc/cramkit/below")).rejects.toThrow("/proc/cramkit/below");
});

it("names a read-only and a full file system, also for folders that are yet to be made", async ({ skip }) => {
  const mounted = (options: string): boolean => {
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", root], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  };
  if (process.getuid?.() !== 0 || !mounted("ro")) skip("needs the right to mount");
  try {
    for (const path of [root, join(root, "a"), join(root, "a", "b", "c")]) {
      const error = await checkWritable(path).catch((failure) => failure);
      expect([codeOf(error), error.place], error.message).toEqual(["read-only", path]);
    }
  } finally {
    execFileSync("umount", [root]);
  }
  if (!mounted("size=16k")) skip("needs the right to mount");
  try {
    await writeFile(join(root, "filler"), new Uint8Array(16384)).catch(() => {});
    const error = await checkWritable(root).catch((failure) => failure);
    expect(codeOf(error)).toBe("disk-full");
    expect(await readdir(root)).toEqual(["filler"]);
  } finally {
    execFileSync("umount", [root]);
  }
});
