import { spawn } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { examples, linkPackages } from "../scripts/examples.mjs";
import { sourceCli } from "../scripts/source-cli.mjs";

// Each example in a copy outside of the repository, with the packages under their names as `npm install` would put them: here
// from their sources, in `pnpm published` as they are published.

const root = mkdtempSync(join(tmpdir(), "examples-"));
const tsx = pathToFileURL(resolve("node_modules/tsx/dist/loader.mjs")).href;

beforeAll(async () => {
  linkPackages(root);
  const command = join(root, "node_modules", ".bin", "cramkit");
  rmSync(command);
  writeFileSync(
    command,
    `#!/bin/sh\nNODE_OPTIONS= exec node --conditions=@cramkit/source '${await sourceCli()}' "$@"\n`,
  );
  chmodSync(command, 0o755);
  for (const { name, folder } of examples()) cpSync(folder, join(root, name), { recursive: true });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

it.each(examples())("the example $name runs", { timeout: 300_000 }, async ({ name, test }) => {
  const { status, output } = await run(test, join(root, name));
  expect(status, output).toBe(0);
});

it.each(examples())(
  "the README of $name names scripts of its manifest alone, and is in the list",
  ({ name, folder }) => {
    const readme = readFileSync(join(folder, "README.md"), "utf8");
    const { scripts } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const named = [...readme.matchAll(/\bnpm (?:run )?([a-z]+)/g)].map(([, script]) => script!);
    expect(named.filter((script) => script !== "install" && !(script in scripts))).toEqual([]);
    expect(readFileSync("examples/README.md", "utf8")).toContain(`](${name})`);
  },
);

const run = (command: string, cwd: string) =>
  new Promise<{ status: number | null; output: string }>((done, failed) => {
    const env = {
      ...process.env,
      NODE_OPTIONS: `--import ${tsx} --conditions=@cramkit/source`,
      PATH: [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter),
    };
    const child = spawn(command, { cwd, env, shell: true });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
    child.on("error", failed);
    child.on("close", (status) => done({ status, output }));
  });
