import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";

/** Runs `bin/cramkit.js` of a package whose `dist/cli.js` is `cli`, or that was not built. */
const runBin = (cli?: string) => {
  const folder = mkdtempSync(join(tmpdir(), "cramkit-bin-"));
  cpSync(resolve("packages/cramkit/bin"), join(folder, "bin"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  if (cli !== undefined) {
    mkdirSync(join(folder, "dist"));
    writeFileSync(join(folder, "dist", "cli.js"), cli);
  }
  return spawnSync(process.execPath, [join(folder, "bin", "cramkit.js")], { encoding: "utf8" });
};

it("says in one line how to build a checkout that is not built", () => {
  const { status, stderr } = runBin();
  expect(stderr).toMatch(/^cramkit: .*`node scripts\/setup\.mjs --build`.*\n$/);
  expect(status).toBe(1);
});

it("starts what was built, and hides none of its errors", () => {
  expect(runBin("console.log('started')")).toMatchObject({ status: 0, stdout: "started\n", stderr: "" });
  const { status, stderr } = runBin('import "./not-there.js"');
  expect(stderr).toMatch(/Cannot find module .*not-there\.js/);
  expect(status).toBe(1);
});
