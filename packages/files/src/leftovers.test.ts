import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { deadPartialPath, deadProcess, ofProcess } from "./dead-process.testing.ts";
import { createTemporaryFolder, partialPath, removeLeftovers } from "./index.ts";
import { adoptPartial } from "./leftovers.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "leftovers-"));
});

it("removes files and folders of dead processes, and nothing else", async () => {
  const mine = partialPath(join(root, "mine"));
  const keep = [basename(mine), "data.partial", "file.partial-x", "plain.json", "x.replaced-by-something"];
  for (const name of keep) await writeFile(join(root, name), "");
  await writeFile(await deadPartialPath(join(root, "a.json")), "");
  await mkdir(join(await deadPartialPath(join(root, "b")), "deep"), { recursive: true });
  await removeLeftovers(root);
  expect((await readdir(root)).sort()).toEqual(keep.sort());
});

it("knows a process number that was used again", async () => {
  const path = partialPath(join(root, "x")).replace(/-\d+-(\d+)$/, "-7-$1"); // this process, begun at another time
  await writeFile(path, "");
  await removeLeftovers(root);
  expect(await readdir(root)).toEqual([]);
});

it("leaves a file of another machine alone until nobody has written to it for an hour", async () => {
  const path = ofProcess(partialPath(join(root, "x")), await deadProcess()).replace(/partial-.{6}/, "partial-000000");
  await writeFile(path, "");
  await removeLeftovers(root);
  expect(await readdir(root)).toEqual([basename(path)]);
  const then = Date.now() / 1000 - 3700;
  await utimes(path, then, then);
  await removeLeftovers(root);
  expect(await readdir(root)).toEqual([]);
});

it("looks below only when asked, and takes a folder that is missing for clean", async () => {
  await mkdir(join(root, "below"));
  await writeFile(await deadPartialPath(join(root, "below", "x")), "");
  await removeLeftovers(root);
  expect(await readdir(join(root, "below"))).toHaveLength(1);
  await removeLeftovers(root, { recursive: true });
  expect(await readdir(root, { recursive: true })).toEqual(["below"]);
  await removeLeftovers(join(root, "missing"));
});

it("gives what a dead download had to the one that continues it, and removes smaller remains", async () => {
  const path = join(root, "model.bin");
  await writeFile(await deadPartialPath(path), "1");
  await writeFile(await deadPartialPath(path), "1234");
  await writeFile(await deadPartialPath(join(root, "other.bin")), "12345678");
  const partial = await adoptPartial(path);
  await appendFile(partial, "5");
  expect(await readFile(partial, "utf8")).toBe("12345");
  expect(await adoptPartial(path)).not.toBe(partial); // this process lives
  await rename(partial, path);
  expect(await readdir(root)).toHaveLength(2);
});

it("gives it to one of several that want it", async () => {
  const path = join(root, "model.bin");
  await writeFile(await deadPartialPath(path), "1234");
  const partials = await Promise.all(Array.from({ length: 8 }, () => adoptPartial(path)));
  expect(new Set(partials).size).toBe(8);
  expect(await readdir(root)).toHaveLength(1);
});

it("makes a temporary folder in place of those of dead processes", async () => {
  await mkdir(await deadPartialPath(join(root, "shuffle")));
  const [one, other] = [await createTemporaryFolder(root, "shuffle"), await createTemporaryFolder(root, "shuffle")];
  expect((await readdir(root)).sort()).toEqual([basename(one), basename(other)].sort());
});
