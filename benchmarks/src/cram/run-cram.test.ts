import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type CramRecord, cramFiles } from "./files.ts";
import type { CramOptions, CramPart } from "./plan.ts";
import { runCram } from "./run-cram.ts";

/** Stands for the program: what a part does is the name of its recipe. */
const program = `
const part = process.argv[2] === "cram-part" ? JSON.parse(process.argv[3]).part.recipe : "ceilings";
const say = (message) => new Promise((sent) => process.send(message, sent));
if (part === "crashes") process.abort();
if (part === "fails") await say({ failed: "expected weights, got none" });
if (part === "lacks") await say({ skipped: "no python on the PATH" });
if (part === "hangs") { process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); }
else if (part === "obeys") { process.on("SIGTERM", () => process.exit(0)); setInterval(() => {}, 1000); }
else process.exit(0);
`;

let folder: string;
let script: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cramkit-cram-test-"));
  script = join(folder, "program.mjs");
  await writeFile(script, program);
});
afterAll(() => rm(folder, { recursive: true }));

const part = (recipe: string, limitMs = 30_000): CramPart => ({ kind: "train", recipe, limitMs });

const run = async (
  name: string,
  parts: CramPart[],
  {
    minutes = 10,
    stopAt,
  }: {
    minutes?: number;
    /** The line at which the user stops it. */
    stopAt?: RegExp;
  } = {},
) => {
  const controller = new AbortController();
  const options: CramOptions = {
    ...{ minutes, backend: "cpu", precision: "float32", recipes: ["works"], prepared: "rows", glue: "glue", tasks: [] },
    ...{ set: [], quick: false, allowSoftware: false, python: "python3", folder: join(folder, name) },
  };
  const say = (line: string) => void (stopAt?.test(line) && controller.abort());
  const record = await runCram({ options, script, parts, signal: controller.signal, say });
  const kept = JSON.parse(await readFile(cramFiles(options.folder).record, "utf8")) as CramRecord;
  expect(kept).toEqual(record);
  const report = await readFile(cramFiles(options.folder).report, "utf8");
  return { outcomes: record.parts.map(({ name, outcome }) => [name, outcome]), record, report };
};

it("goes on after a part that fails, crashes, hangs or lacks something, and says so of each in the report", async () => {
  const { outcomes, record, report } = await run("all", [
    ...[part("fails"), part("crashes"), part("obeys", 1_500), part("lacks"), part("works")],
  ]);
  expect(outcomes).toEqual([
    ...[
      ["train fails", "failed"],
      ["train crashes", "failed"],
      ["train obeys", "stopped"],
      ["train lacks", "skipped"],
      ["train works", "done"],
    ],
  ]);
  const messages = record.parts.map(({ message }) => message ?? "");
  expect(messages[0]).toBe("expected weights, got none");
  expect(messages[1]).toContain("SIGABRT");
  expect(messages[3]).toBe("no python on the PATH");
  for (const message of messages) expect(report).toContain(message);
  expect(report).toContain("Nothing was trained.");
}, 60_000);

it("leaves out what no longer fits, and refuses a folder that holds a cram", async () => {
  const { outcomes } = await run("short", [part("obeys"), part("works")], { minutes: 0.02 });
  expect(outcomes).toEqual([
    ["train obeys", "skipped"],
    ["train works", "skipped"],
  ]);
  await expect(run("short", [])).rejects.toThrow(/holds a cram; name another with --results/);
});

it("reports what is there if it is stopped", async () => {
  const parts = [part("works"), part("obeys"), part("works")];
  const { outcomes, report } = await run("stopped", parts, { stopAt: /train obeys: at most/ });
  expect(outcomes.map(([, outcome]) => outcome)).toEqual(["done", "interrupted", "interrupted"]);
  expect(report).toContain("not begun");
}, 60_000);
