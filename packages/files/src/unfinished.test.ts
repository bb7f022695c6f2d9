import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import {
  createAtomicFile,
  createAtomicFolder,
  createTemporaryFolder,
  makeFolder,
  removeUnfinished,
  writeFileAtomic,
} from "./index.ts";

it("removes what is being written, and nothing that is finished", async () => {
  const folder = await mkdtemp(join(tmpdir(), "files-"));
  await writeFileAtomic(join(folder, "whole"), "x");
  const finished = await createAtomicFolder(join(folder, "done"));
  await finished.write("a", "x");
  await finished.commit();
  const [file, part] = [await createAtomicFile(join(folder, "file")), await createAtomicFolder(join(folder, "part"))];
  await file.write("half");
  await part.write("a", "half");
  await createTemporaryFolder(folder, "work");
  expect(await readdir(folder)).toHaveLength(5);
  removeUnfinished();
  expect((await readdir(folder)).sort()).toEqual(["done", "whole"]);
  expect(existsSync(join(folder, "done", "a"))).toBe(true);
  removeUnfinished(); // nothing is left to do
});

it("removes folders that it made and nothing came into, and no other ones", async () => {
  const folder = await mkdtemp(join(tmpdir(), "files-"));
  await mkdir(join(folder, "there"));
  await makeFolder(join(folder, "there"));
  await makeFolder(join(folder, "made", "empty"));
  await makeFolder(join(folder, "made", "filled"));
  await writeFileAtomic(join(folder, "made", "filled", "a"), "x");
  await createAtomicFile(join(folder, "new", "deep", "file"));
  removeUnfinished();
  expect((await readdir(folder, { recursive: true })).sort()).toEqual([
    "made",
    join("made", "filled"),
    join("made", "filled", "a"),
    "there",
  ]);
});
