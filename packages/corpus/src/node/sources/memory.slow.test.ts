import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { hostileFiles, writeHostile } from "../../testing/hostile-files.testing.ts";
import { peakOfReading } from "../../testing/peak-memory.testing.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cramkit-memory-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What the issue allows to any of them. */
const maxMegabytes = 1500;

it.each(hostileFiles.map((file) => [file.what, file] as const))("reads in little memory: %s", (what, file) => {
  const path = writeHostile(folder, file);
  const peak = peakOfReading(path, file.options);
  rmSync(path);
  console.log(
    `| ${what} | ${peak.megabytes} MB | ${peak.seconds.toFixed(1)} s | ${peak.documents} | ${peak.outcome} |`,
  );
  expect(peak.megabytes).toBeLessThan(maxMegabytes);
});
