import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "@cramkit/errors";
import { beforeEach, expect, it } from "vitest";
import { createAtomicFile, writeFileAtomic } from "./index.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "files-"));
});

it("writes text, bytes and chunks of both, and makes the folder", async () => {
  const path = join(folder, "a", "b", "file");
  expect(await writeFileAtomic(path, "grün")).toEqual({ bytes: 5 });
  expect(await readFile(path, "utf8")).toBe("grün");
  await writeFileAtomic(path, new Uint8Array([1, 2]));
  expect([...(await readFile(path))]).toEqual([1, 2]);
  await writeFileAtomic(
    path,
    (async function* () {
      yield "x";
      yield new Uint8Array([121]);
      yield "";
    })(),
  );
  expect(await readFile(path, "utf8")).toBe("xy");
  expect(await readdir(join(folder, "a", "b"))).toEqual(["file"]);
});

it("hashes what it writes", async () => {
  const path = join(folder, "file");
  const chunks = ["one", "two", "three"];
  const { bytes, sha256 } = await writeFileAtomic(path, chunks, { sha256: true });
  expect(bytes).toBe(11);
  expect(sha256).toBe(
    createHash("sha256")
      .update(await readFile(path))
      .digest("hex"),
  );
});

it("keeps the old file until the new one is whole, and leaves nothing of one that failed", async () => {
  const path = join(folder, "file");
  await writeFileAtomic(path, "old");
  const broken = (async function* () {
    yield "new";
    expect(await readFile(path, "utf8")).toBe("old");
    throw new Error("the source broke");
  })();
  await expect(writeFileAtomic(path, broken)).rejects.toThrow("the source broke");
  expect(await readFile(path, "utf8")).toBe("old");
  expect(await readdir(folder)).toEqual(["file"]);
});

it("lets two writers of one file end in either, whole", async () => {
  const path = join(folder, "file");
  await Promise.all(["a", "b", "c"].map((letter) => writeFileAtomic(path, Array(100).fill(letter))));
  expect(await readFile(path, "utf8")).toMatch(/^(a{100}|b{100}|c{100})$/);
  expect(await readdir(folder)).toEqual(["file"]);
});

it("aborts once, and not after a commit", async () => {
  const path = join(folder, "file");
  const file = await createAtomicFile(path);
  await file.write("x");
  await file.commit();
  await file.abort();
  expect(existsSync(path)).toBe(true);
  const other = await createAtomicFile(join(folder, "other"));
  await other.abort();
  await other.abort();
  expect(await readdir(folder)).toEqual(["file"]);
});

it("replaces what a symbolic link points to, not the link", async () => {
  await mkdir(join(folder, "real"));
  await writeFile(join(folder, "real", "file"), "old");
  await symlink(join("real", "file"), join(folder, "link"));
  await writeFileAtomic(join(folder, "link"), "new");
  expect(await readFile(join(folder, "real", "file"), "utf8")).toBe("new");
  expect(await readdir(join(folder, "real"))).toEqual(["file"]);
});

it.skipIf(process.platform === "win32")("writes into a device instead of replacing it", async () => {
  await writeFileAtomic("/dev/null", "x");
  expect((await stat("/dev/null")).isCharacterDevice()).toBe(true);
  expect((await readdir("/dev")).filter((name) => name.startsWith("null."))).toEqual([]);
});

it("takes names of 255 bytes", async () => {
  const name = `${"é".repeat(125)}.json`;
  await writeFileAtomic(join(folder, name), "x");
  expect(await readdir(folder)).toEqual([name]);
});

it("names the file that was asked for when a folder or a file is in its way", async () => {
  await mkdir(join(folder, "taken", "by", "folders"), { recursive: true });
  await writeFile(join(folder, "file"), "");
  for (const [name, inTheWay] of [
    ["taken", "taken"],
    [join("file", "below"), "file"],
  ] as const) {
    const error = await writeFileAtomic(join(folder, name), "x").catch((failure) => failure);
    expect(hasCode(error, "exists")).toBe(true);
    expect(error.place).toBe(join(folder, inTheWay));
    expect(error.message).not.toContain("partial-");
  }
  expect((await readdir(folder)).sort()).toEqual(["file", "taken"]);
});

it("says that the disk is full, with the name of the file", async () => {
  if (!existsSync("/dev/full")) return;
  const error = await writeFileAtomic("/dev/full", "x").catch((failure) => failure);
  expect(hasCode(error, "disk-full")).toBe(true);
  expect(error.message).toMatch(/^\/dev\/full: the disk is full \(ENOSPC\); /);
});

it("says that a folder may not be written to", async ({ skip }) => {
  if (process.getuid?.() === 0) skip("root may write anywhere");
  await chmod(folder, 0o500);
  const error = await writeFileAtomic(join(folder, "file"), "x").catch((failure) => failure);
  expect(hasCode(error, "refused")).toBe(true);
});
