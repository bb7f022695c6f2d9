import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { fuzzOnce, fuzzTargets } from "../../testing/fuzz.testing.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cramkit-fuzz-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each(fuzzTargets.map((target) => [target.name, target] as const))("survives damage to %s", async (_, target) => {
  for (let seed = 0; seed < 80; seed++) expect(await fuzzOnce(target, folder, seed)).toBeUndefined();
});
