import { mkdtemp, readdir, readFile, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { deadPartialPath } from "./dead-process.testing.ts";
import { createAtomicFolder, removeFolder, removeLeftovers } from "./index.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "folder-"));
});

const write = async (path: string, text: string) => {
  const folder = await createAtomicFolder(path);
  try {
    const written = await folder.write("sub/file", [text], { sha256: true });
    await folder.commit();
    return written;
  } finally {
    await folder.abort();
  }
};

it("appears whole, with the hashes of its files", async () => {
  const path = join(root, "a", "checkpoint");
  const folder = await createAtomicFolder(path);
  expect((await folder.write("one", "1")).sha256).toBeUndefined();
  expect(await readdir(join(root, "a"))).toHaveLength(1);
  expect(await readdir(join(root, "a"))).not.toContain("checkpoint");
  await folder.commit();
  await folder.abort();
  expect(await readdir(join(root, "a"))).toEqual(["checkpoint"]);
  expect((await write(join(root, "b"), "abc")).sha256).toMatch(/^ba7816bf/);
  expect(await readFile(join(root, "b", "sub", "file"), "utf8")).toBe("abc");
});

it("replaces a folder of its name, and leaves nothing else", async () => {
  const path = join(root, "checkpoint");
  await write(path, "old");
  await write(path, "new");
  expect(await readFile(join(path, "sub", "file"), "utf8")).toBe("new");
  expect(await readdir(root)).toEqual(["checkpoint"]);
});

it("is the old or the new one after a kill between the two renames", async () => {
  const path = join(root, "checkpoint");
  await write(path, "old");
  await rename(path, await deadPartialPath(path, "replaced"));
  await removeLeftovers(root);
  expect(await readFile(join(path, "sub", "file"), "utf8")).toBe("old");
  await write(await deadPartialPath(path, "replaced"), "older");
  await removeLeftovers(root);
  expect(await readFile(join(path, "sub", "file"), "utf8")).toBe("old");
  expect(await readdir(root)).toEqual(["checkpoint"]);
});

it("leaves nothing when it is aborted, and writes nothing outside", async () => {
  const folder = await createAtomicFolder(join(root, "checkpoint"));
  await expect(folder.write("../victim.txt", "x")).rejects.toThrow("../victim.txt");
  const broken = (function* () {
    yield "1";
    throw new Error("the source broke");
  })();
  await expect(folder.write("one", broken)).rejects.toThrow("the source broke");
  expect(await readdir(root, { recursive: true })).toHaveLength(1); // the folder itself
  await folder.abort();
  expect(await readdir(root)).toEqual([]);
});

it("removes a folder, also one that is not there", async () => {
  const path = join(root, "checkpoint");
  await write(path, "x");
  await removeFolder(path);
  await removeFolder(path);
  expect(await readdir(root)).toEqual([]);
});
