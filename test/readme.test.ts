import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { packagesIn, readmeExamples } from "../scripts/readme-examples.mjs";

/**
 * The examples of every README and page: blocks fenced as `ts`. Each stands inside a package, so that it finds that package by
 * name as an installed one would; those of the repository and of docs/ in the one that knows all others.
 */
const examples = readmeExamples().map((example) => {
  const home = example.name === "repository" || example.name.startsWith("docs-") ? "recipes" : example.name;
  const { name, index } = example;
  return { ...example, file: resolve("packages", home, ".cache", `readme-${name}-${index}.ts`) };
});

const codeOf = (name: string) => examples.filter((example) => example.name === name).map(({ code }) => code);

beforeAll(() => {
  for (const { file, code } of examples) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, code);
  }
});

afterAll(() => {
  for (const { file } of examples) rmSync(file, { force: true });
});

it("every library shows an example", () => {
  const shown = new Set(examples.map(({ name }) => name));
  expect(readdirSync("packages").filter((name) => name !== "cramkit" && !shown.has(name))).toEqual([]);
});

it.each(readdirSync("packages").filter((name) => name !== "cramkit"))(
  "what the README of %s says to install is what its examples import",
  (name) => {
    const file = `packages/${name}/README.md`;
    const installed = /npm install ([^`\n]+)/.exec(readFileSync(file, "utf8"))?.[1]?.split(" ");
    expect(installed).toEqual(expect.arrayContaining(packagesIn(codeOf(name))));
  },
);

it("what the README says to install is what its example imports", () => {
  const [, names, rest] = /npm install @cramkit\/\{(.*)\} (.*)/.exec(readFileSync("README.md", "utf8"))!;
  const installed = [...names!.split(",").map((name) => `@cramkit/${name}`), ...rest!.split(" ")];
  expect(installed).toEqual(expect.arrayContaining(packagesIn(codeOf("repository"))));
});

it("the README examples have no error of types", { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "readme-types-"));
  const config = {
    extends: resolve("tsconfig.json"),
    compilerOptions: { typeRoots: [resolve("node_modules/@types")] },
    include: examples.map(({ file }) => file),
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const { status, output } = await run(
    process.execPath,
    [resolve("node_modules/typescript/bin/tsc"), "-p", folder],
    ".",
  );
  rmSync(folder, { recursive: true, force: true });
  expect(status, output).toBe(0);
});

it.concurrent.each(examples)(
  "$name README example $index runs as it stands",
  { timeout: 120_000 },
  async ({ file }) => {
    const cwd = mkdtempSync(join(tmpdir(), "readme-")); // an empty folder, as a reader's
    try {
      const tsx = pathToFileURL(resolve("node_modules/tsx/dist/loader.mjs")).href;
      const { status, output } = await run(
        process.execPath,
        ["--import", tsx, "--conditions=@cramkit/source", file],
        cwd,
      );
      expect(status, output).toBe(0);
    } finally {
      rmSync(cwd, { recursive: true, force: true });
    }
  },
);

const run = (command: string, args: string[], cwd: string) =>
  new Promise<{ status: number | null; output: string }>((done, failed) => {
    const child = spawn(command, args, { cwd });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
    child.on("error", failed);
    child.on("close", (status) => done({ status, output }));
  });
