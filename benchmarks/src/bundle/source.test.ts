import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { bundleSource } from "./source.ts";

it("runs from one file, where no package is installed, and finds what lies in the bundle", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bundle-"));
  const file = join(folder, "app", "bench.mjs");
  await bundleSource(join(folder, "app"));
  mkdirSync(join(folder, "peers"));
  writeFileSync(join(folder, "peers", "pytorch.py"), "");
  writeFileSync(join(folder, "build.json"), '{ "commit": "of-the-bundle", "dirty": false, "versions": {} }');
  const run = (...args: string[]) => execFileSync(process.execPath, [file, ...args], { cwd: folder, encoding: "utf8" });
  expect(run("--help")).toContain("measures the machine");
  const lines = run("scheduler", "--quick", "--json", "--no-save").trim().split("\n");
  expect(JSON.parse(lines[0]!).commit).toBe("of-the-bundle");
  expect(run("cram", "--help").replaceAll(/\s+/g, "")).toContain(join(folder, "prepared"));
  const kinds = new Set(lines.map((line) => JSON.parse(line).kind));
  expect([...kinds]).toEqual(["run", "measurement"]);
});
