import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { fileDigest, hashFile } from "./file-digest.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

it("gives size and SHA-256 of files of no piece, of one and of several", async () => {
  const folder = await createTemporaryFolder(tmpdir(), "digest");
  for (const bytes of [0, 5, 2 ** 20, 2 ** 21 + 3]) {
    const content = new Uint8Array(bytes).map((_, at) => (at * 7) % 251);
    const path = join(folder, `${bytes}`);
    writeFileSync(path, content);
    const sha256 = createHash("sha256").update(content).digest("hex");
    expect(await fileDigest(path)).toEqual({ bytes, sha256 });
    const after = createHash("sha256").update("name\n");
    expect(await hashFile(after, path)).toBe(bytes);
    expect(after.digest("hex")).toBe(createHash("sha256").update("name\n").update(content).digest("hex"));
  }
  await expect(fileDigest(join(folder, "none"))).rejects.toMatchObject({ code: "ENOENT" });
});
