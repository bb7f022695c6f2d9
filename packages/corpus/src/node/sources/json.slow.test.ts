import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { expect, it } from "vitest";
import { collect } from "../../collect.ts";
import { fileDocuments } from "./files.ts";
import { maxRecordBytes } from "./lines.ts";

it("counts a value as bad that is longer than a record may be, and reads on", async () => {
  const folder = mkdtempSync(join(tmpdir(), "cramkit-json-"));
  function* json() {
    yield '[{"text": "before"}, {"text": "';
    for (let bytes = 0; bytes <= maxRecordBytes; bytes += 1 << 20) yield "a".repeat(1 << 20);
    yield '"}, {"text": "behind"}]';
  }
  try {
    const path = join(folder, "long.json.gz");
    await pipeline(Readable.from(json()), createGzip({ level: 1 }), createWriteStream(path));
    const source = fileDocuments({ path, maxBadShare: 0.5 });
    expect((await collect(source)).map(({ text }) => text)).toEqual(["before", "behind"]);
    expect(source.report().examples).toMatchObject([
      { place: "record 2", reason: "a record of more than 268435456 bytes" },
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
