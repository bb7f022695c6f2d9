import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { writeVectorFile } from "./write-vector-file.ts";

const canMount =
  process.platform === "linux" && process.getuid?.() === 0 && spawnSync("mount", ["--version"]).status === 0;

// Tried by root alone, who may mount a small disk.
it.skipIf(!canMount).each(["8k", "64k", "200k"])("names the file of vectors on a full disk of %s", async (size) => {
  const disk = mkdtempSync(join(tmpdir(), "cramkit-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", disk]);
  try {
    const path = join(disk, "vectors.safetensors");
    const items = Array.from({ length: 1000 }, (_, i) => ({ text: `text ${i}`, vector: new Float32Array(32).fill(i) }));
    const origin = { model: "model", digest: "abc", pooling: "mean", maxLength: 32 } as const;
    await expect(writeVectorFile(path, items, origin)).rejects.toMatchObject({ code: "disk-full", place: path });
    expect(readdirSync(disk)).toEqual([]);
  } finally {
    execFileSync("umount", [disk]);
  }
});
