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

/** Shared by all formats; 30 are what a release has to survive. */
const minutes = Number(process.env.CRAMKIT_FUZZ_MINUTES ?? 30);

it(
  "survives damage to any format for half an hour",
  async () => {
    const end = Date.now() + minutes * 60_000;
    let seed = 1000;
    for (; Date.now() < end; seed++) {
      for (const target of fuzzTargets) {
        const finding = await fuzzOnce(target, folder, seed);
        expect(finding && `${target.name}, ${finding}`).toBeUndefined();
      }
    }
    console.log(`${seed - 1000} damaged files of each of ${fuzzTargets.length} formats in ${minutes} minutes`);
  },
  (minutes + 5) * 60_000,
);
