import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "@cramkit/errors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect } from "../../collect.ts";
import { fileDocuments } from "./files.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cramkit-not-a-file-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const failure = (path: string) => collect(fileDocuments({ path, format: "txt" })).catch((error) => error);

describe.skipIf(process.platform === "win32")("fileDocuments", () => {
  it("says what a pipe or a device is, and does not wait for it", async () => {
    execFileSync("mkfifo", [join(folder, "pipe.txt")]);
    const pipe = await failure(join(folder, "pipe.txt"));
    expect(pipe.message).toMatch(
      /pipe\.txt: expected a file or a folder, got a pipe, which can be read only once; write what it gives to a file/,
    );
    expect(codeOf(pipe)).toBe("unsupported");
    expect((await failure("/dev/null")).message).toBe(
      "/dev/null: expected a file or a folder, got a device; name a file",
    );
  });

  it("leaves pipes and devices in a folder out, links to them too, and follows links to files", async () => {
    const inside = join(folder, "inside");
    mkdirSync(join(inside, "sub"), { recursive: true });
    writeFileSync(join(inside, "a.txt"), "a");
    execFileSync("mkfifo", [join(inside, "b.txt")]);
    symlinkSync("/dev/zero", join(inside, "c.txt"));
    symlinkSync("../b.txt", join(inside, "sub", "d.txt"));
    symlinkSync("../a.txt", join(inside, "sub", "e.txt"));
    symlinkSync("..", join(inside, "sub", "up.txt"));
    const documents = await collect(fileDocuments({ path: inside }));
    expect(documents.map(({ source }) => source)).toEqual(["a.txt", "sub/e.txt"]);
    symlinkSync("nothing", join(inside, "f.txt"));
    expect((await failure(inside)).message).toMatch(/inside\/f\.txt: no such file or folder/);
  });
});

it.skipIf(process.platform !== "linux")("names the file when the disk fails while it is read", async () => {
  const error = await failure("/proc/self/mem"); // its first byte cannot be read
  expect(error.message).toMatch(/^\/proc\/self\/mem: the device reports an input\/output error \(EIO\)/);
});
