import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, it } from "vitest";

it.runIf(process.platform !== "win32")("setting up builds the packages, and not the site, which takes a minute", () => {
  const folder = mkdtempSync(join(tmpdir(), "setup-"));
  try {
    for (const name of ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", "tsup.config.ts"])
      copyFileSync(name, join(folder, name));
    for (const name of ["scripts", "packages", "node_modules", "bin"]) mkdirSync(join(folder, name));
    const script = join(folder, "scripts", "setup.mjs");
    copyFileSync("scripts/setup.mjs", script);
    const npx = join(folder, "bin", "npx");
    writeFileSync(npx, '#!/bin/sh\necho "$*" >> "$ASKED"\n');
    chmodSync(npx, 0o755);
    const asked = join(folder, "asked");
    const PATH = [join(folder, "bin"), process.env.PATH].join(delimiter);
    const { status, stderr } = spawnSync(process.execPath, [script, "--build"], {
      encoding: "utf8",
      env: { ...process.env, PATH, ASKED: asked },
    });
    expect(status, stderr).toBe(0);
    const builds = readFileSync(asked, "utf8")
      .split("\n")
      .filter((line) => / build$/.test(line));
    expect(builds).toHaveLength(1);
    expect(builds[0]).toContain("--filter=./packages/*");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
