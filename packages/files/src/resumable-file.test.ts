import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { deadPartialPath } from "./dead-process.testing.ts";
import { createResumableFile } from "./index.ts";

let path: string;
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "resumable-"));
  path = join(root, "folder", "model.bin");
});
const bytes = (text: string) => Buffer.from(text);

it("goes on in the same process and after a kill, and appears when it is complete", async () => {
  const first = await createResumableFile(path);
  await first.write(bytes("one "));
  await first.keep();
  await first.keep();
  const second = await createResumableFile(path);
  expect(second.bytes).toBe(4);
  await second.write(bytes("two "));
  await second.commit();
  await second.keep();
  expect(await readdir(join(root, "folder"))).toEqual(["model.bin"]);
  expect(await readFile(path, "utf8")).toBe("one two ");
  await writeFile(await deadPartialPath(path), "killed");
  const third = await createResumableFile(path);
  expect(third.bytes).toBe(6);
  await third.clear();
  await third.write(bytes("new"));
  expect(await readFile(third.partial, "utf8")).toBe("new");
  await third.commit();
  expect(await readFile(path, "utf8")).toBe("new");
});

it("does not share what a living process has, and leaves nothing of nothing", async () => {
  const [one, other] = [await createResumableFile(path), await createResumableFile(path)];
  await one.write(bytes("one"));
  expect(other.bytes).toBe(0);
  await other.keep();
  await one.commit();
  expect(await readdir(join(root, "folder"))).toEqual(["model.bin"]);
});
