import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";

/** The examples of every package's README: blocks fenced as `ts`. They run in an empty folder, as a reader's would. */
const examples = readdirSync("packages").flatMap((name) => {
  const blocks = readFileSync(`packages/${name}/README.md`, "utf8").matchAll(/^```ts\n([\s\S]*?)^```$/gm);
  return [...blocks].map((block, index) => ({ name, index, code: block[1]! }));
});

it("every library shows an example", () => {
  const shown = new Set(examples.map(({ name }) => name));
  expect(readdirSync("packages").filter((name) => name !== "cramkit" && !shown.has(name))).toEqual([]);
});

it.concurrent.each(examples)(
  "$name README example $index runs as it stands",
  { timeout: 120_000 },
  async ({ name, index, code }) => {
    // Inside the package, so that it finds itself by name as an installed one would.
    const folder = resolve("packages", name, ".cache");
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `readme-${index}.ts`);
    const cwd = mkdtempSync(join(tmpdir(), "readme-"));
    writeFileSync(file, code);
    try {
      const tsx = pathToFileURL(resolve("node_modules/tsx/dist/loader.mjs")).href;
      const { status, output } = await run(
        process.execPath,
        ["--import", tsx, "--conditions=@cramkit/source", file],
        cwd,
      );
      expect(status, output).toBe(0);
    } finally {
      rmSync(file, { force: true });
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
