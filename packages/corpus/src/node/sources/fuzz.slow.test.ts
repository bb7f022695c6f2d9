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

/** Shared by all formats that are tried; 30 for each are what a release has to survive. */
const minutes = Number(process.env.CRAMKIT_FUZZ_MINUTES ?? 30);
/** Names of the formats to try, with commas between them; all of them unless it is set. */
const formats = process.env.CRAMKIT_FUZZ_FORMATS?.split(",");
const firstSeed = Number(process.env.CRAMKIT_FUZZ_SEED ?? 1000);

it(
  "survives damage to any format for half an hour",
  async () => {
    const targets = fuzzTargets.filter(({ name }) => formats?.includes(name) ?? true);
    expect(targets.length).toBe(formats?.length ?? fuzzTargets.length);
    const end = Date.now() + minutes * 60_000;
    const findings: string[] = [];
    let seed = firstSeed;
    for (; Date.now() < end && findings.length < 20; seed++) {
      for (const target of targets) {
        const finding = await fuzzOnce(target, folder, seed);
        if (finding === undefined) continue;
        findings.push(`${target.name}, ${finding}`);
        console.log(findings.at(-1)); // at once: the process may not come to its end
      }
    }
    const names = targets.map(({ name }) => name).join(", ");
    console.log(`${seed - firstSeed} damaged files of each of ${names} in ${minutes} minutes, from seed ${firstSeed}`);
    expect(findings).toEqual([]);
  },
  (minutes + 5) * 60_000,
);
