import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { bundleSource } from "./source.ts";

it("runs from one file, where no package is installed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bundle-"));
  const file = join(folder, "bench.mjs");
  await bundleSource(folder);
  const run = (...args: string[]) => execFileSync(process.execPath, [file, ...args], { cwd: folder, encoding: "utf8" });
  expect(run("--help")).toContain("measures the machine");
  const lines = run("scheduler", "--quick", "--json", "--no-save").trim().split("\n");
  const kinds = new Set(lines.map((line) => JSON.parse(line).kind));
  expect([...kinds]).toEqual(["run", "measurement"]);
});
