import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, it } from "vitest";
import { createProgram } from "../packages/cramkit/src/index.ts";
import { docsPages } from "../scripts/readme-examples.mjs";
import { sourceCli } from "../scripts/source-cli.mjs";

// Commands on the pages can be typed as they stand. Blocks fenced as `sh` run, all of a page in one empty folder, with the recipe
// `smoke` for `quickstart` and 30 steps for every budget. Blocks fenced as `bash`, or as nothing, need a GPU, a day, or files of
// the reader's: of those, commands and options are checked.

const pages = [
  ...docsPages(),
  "README.md",
  ...["packages", "examples"].flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}/README.md`)),
].filter((file) => !file.includes("examples/README.md"));

const blocksOf = (file: string, language: string): string[] => {
  const text = (() => {
    try {
      return readFileSync(file, "utf8");
    } catch {
      return ""; // a folder of examples without a README has a test of its own
    }
  })();
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, code]) => code!);
};

/** The words of a line of a shell that uses quotes and no more. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/(?:"(?:\\.|[^"])*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replace(/"((?:\\.|[^"])*)"|'([^']*)'/g, (_, double, single) => double?.replace(/\\(.)/g, "$1") ?? single),
  );

/** What is given to `cramkit` in a block: without comments, redirections and what stands in front of it. */
const commandsIn = (code: string): string[][] =>
  code
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .flatMap((line) => /(?:^|\s)(?:npx )?cramkit (.*)$/.exec(line.replace(/^\s*#.*/, ""))?.[1] ?? [])
    .map((line) => wordsOf(line.replace(/\s(#|\(on |\| |&$|>).*$/, "")));

type Command = ReturnType<typeof createProgram>;
const withoutActions = (command: Command): Command => {
  command.exitOverride().configureOutput({ writeOut() {}, writeErr() {} });
  if (command.parent) command.action(() => {});
  for (const one of command.commands) withoutActions(one as Command);
  return command;
};

const commands = pages.flatMap((file) =>
  ["sh", "bash", ""].flatMap((language) =>
    blocksOf(file, language)
      .flatMap(commandsIn)
      .map((words) => ({ file, words, line: words.join(" ") })),
  ),
);

it.each(commands)("$file: cramkit $line", async ({ words }) => {
  try {
    await withoutActions(createProgram()).parseAsync(words, { from: "user" });
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== "commander.helpDisplayed" && code !== "commander.help") throw error;
  }
});

const shell = docsPages().filter(
  (file) => /^docs\/(start|guides\/.*)\.md$/.test(file) && blocksOf(file, "sh").length > 0,
);

it.each(shell)("the commands of %s run one after the other", { timeout: 300_000 }, async (file) => {
  const folder = mkdtempSync(join(tmpdir(), "docs-"));
  try {
    const bin = join(folder, "bin");
    mkdirSync(bin);
    const cli = [process.execPath, "--conditions=@cramkit/source", await sourceCli()];
    const shims = {
      npx: `#!/bin/bash
[ "$1" = cramkit ] || { echo "expected cramkit, got $1" >&2; exit 1; }
shift; words=(); budget=
for word in "$@"; do
  [ -n "$budget" ] && word="30 steps"; budget=
  [ "$word" = --budget ] && budget=yes
  words+=("\${word//quickstart/smoke}")
done
exec ${cli.map((word) => `'${word}'`).join(" ")} "\${words[@]}"
`,
      npm: "#!/bin/bash\n", // what it would install is here
    };
    for (const [name, text] of Object.entries(shims)) {
      writeFileSync(join(bin, name), text);
      chmodSync(join(bin, name), 0o755);
    }
    const { status, output } = await run(`set -euo pipefail\n${blocksOf(file, "sh").join("\n")}`, folder, bin);
    expect(status, output).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

const run = (script: string, cwd: string, bin: string) =>
  new Promise<{ status: number | null; output: string }>((done, failed) => {
    const env = { ...process.env, PATH: [bin, process.env.PATH].join(delimiter) };
    const child = spawn("bash", ["-c", script], { cwd, env });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
    child.on("error", failed);
    child.on("close", (status) => done({ status, output }));
  });
