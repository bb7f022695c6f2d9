import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { tryOnce } from "./target.ts";
import { fuzzTargets } from "./targets.ts";

/** For each target. */
const minutes = Number(process.env.CRAMKIT_FUZZ_MINUTES ?? 30);
/** Names of targets, with commas between them; all of them unless it is set. */
const chosen = process.env.CRAMKIT_FUZZ_FORMATS?.split(",");
const firstSeed = Number(process.env.CRAMKIT_FUZZ_SEED ?? 1000);

const targets = fuzzTargets.filter(({ name }) => chosen?.includes(name) ?? true);

it.each(targets.map((target) => [target.name, target] as const))(
  "survives damage to a %s for half an hour",
  async (name, target) => {
    const folder = mkdtempSync(join(tmpdir(), "cramkit-fuzz-"));
    const findings: string[] = [];
    const end = Date.now() + minutes * 60_000;
    let taken = 0;
    let seed = firstSeed;
    for (; Date.now() < end && findings.length < 20; seed++) {
      const outcome = await tryOnce(target, seed, folder);
      if (outcome === true) taken++;
      if (typeof outcome !== "string") continue;
      findings.push(outcome);
      console.log(outcome); // at once: the process may not come to its end
    }
    console.log(`${seed - firstSeed} of ${name} in ${minutes} minutes from seed ${firstSeed}, ${taken} of them taken`);
    expect(findings).toEqual([]);
    rmSync(folder, { recursive: true });
  },
  (minutes + 5) * 60_000,
);
