import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { tryOnce } from "./target.ts";
import { fuzzTargets } from "./targets.ts";

it.each(fuzzTargets.map((target) => [target.name, target] as const))("survives damage to a %s", async (_, target) => {
  const folder = mkdtempSync(join(tmpdir(), "cramkit-fuzz-"));
  const findings: string[] = [];
  let taken = 0;
  for (let seed = 0; seed < 150; seed++) {
    const outcome = await tryOnce(target, seed, folder);
    if (typeof outcome === "string") findings.push(outcome);
    else if (outcome) taken++;
  }
  expect(findings.slice(0, 5)).toEqual([]);
  // A target whose inputs are all refused at the door tries nothing behind it.
  expect(taken).toBeGreaterThan(5);
  expect(taken).toBeLessThan(148);
  rmSync(folder, { recursive: true });
});
