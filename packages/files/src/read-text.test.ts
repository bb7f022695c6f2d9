import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "@cramkit/errors";
import { beforeAll, expect, it } from "vitest";
import { readText, requireFile } from "./index.ts";

let root: string;
const at = (name: string) => join(root, name);
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "read-text-"));
});

const refused = async (path: string, options = {}) => {
  const error = await readText(path, options).catch((failure) => failure);
  return [codeOf(error), error.message.replace(root, "")];
};

it("reads UTF-8, and leaves out its mark", async () => {
  await writeFile(at("plain"), "\u00e9{}\r\n");
  await writeFile(at("marked"), "\ufeff{}");
  expect(await readText(at("plain"))).toBe("\u00e9{}\r\n");
  expect(await readText(at("marked"))).toBe("{}");
});

it("names what is in another encoding", async () => {
  await writeFile(at("16"), Buffer.from("\ufeff{}", "utf16le"));
  await writeFile(at("16be"), Buffer.from("\ufeff{}", "utf16le").swap16());
  await writeFile(at("32"), Buffer.from([0xff, 0xfe, 0, 0, 0x7b, 0, 0, 0]));
  await writeFile(at("latin1"), Buffer.from("caf\u00e9", "latin1"));
  const utf16 = "expected UTF-8, got UTF-16 by the byte order mark";
  const remedy = 'save it as UTF-8, for example with "iconv -f UTF-16 -t UTF-8"';
  expect(await refused(at("16"))).toEqual(["invalid-input", `/16: ${utf16}; ${remedy}`]);
  expect(await refused(at("16be"))).toEqual(["invalid-input", `/16be: ${utf16}; ${remedy}`]);
  expect((await refused(at("32")))[1]).toContain("iconv -f UTF-32 -t UTF-8");
  expect((await refused(at("latin1")))[1]).toBe(
    "/latin1: expected UTF-8, got bytes that are not valid UTF-8; save it as UTF-8",
  );
});

it("refuses a file that is too large before it reads it", async () => {
  await writeFile(at("sparse"), "");
  await truncate(at("sparse"), 2 ** 40);
  expect((await refused(at("sparse")))[0]).toBe("too-large");
  expect((await refused(at("plain"), { maxBytes: 3 }))[1]).toMatch(/expected at most 3 bytes, got 6/);
});

it("names a folder, a missing file and a circle of links", async () => {
  await mkdir(at("folder"));
  await symlink("circle", at("circle"));
  expect(await refused(at("folder"))).toEqual(["exists", "/folder: expected a file, got a folder; name a file in it"]);
  expect((await refused(at("none")))[1]).toMatch(/^\/none: no such file/);
  expect((await refused(at("circle")))[1]).toMatch(/^\/circle: its symbolic links go round in a circle/);
});

it.skipIf(process.platform === "win32")("does not wait for a pipe, and does not read a device", async () => {
  execFileSync("mkfifo", [at("pipe")]);
  await symlink("/dev/zero", at("link"));
  const pipe =
    "/pipe: expected a file, got a pipe, which can be read only once; write what it gives to a file, and name that";
  expect(await refused(at("pipe"))).toEqual(["unsupported", pipe]);
  expect((await refused(at("link")))[1]).toBe("/link: expected a file, got a device; name a file");
  await expect(requireFile("/dev/null")).rejects.toThrow("got a device");
});
