import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recipes } from "@cramkit/recipes";
import { expect, it, vi } from "vitest";
import { runProgram } from "../main.ts";
import { createProgram } from "../program.ts";

// Advice is good if it works: each message is provoked on the command line, and what it says is done.

const lines = Array.from({ length: 600 }, (_, i) => `Entry ${i % 97} says that cat ${i % 13} sat on mat ${i % 7}.`);
const table = (sign: string, head: string): string =>
  [head, ...lines.map((line, i) => `${i}${sign}${line}`)].join("\n");

const cramkit = async (...args: string[]) => {
  const said: string[] = [];
  const code = await runProgram(createProgram(), args, (line) => said.push(line));
  return { code, error: said.join("\n") };
};

/** Prepares by the smoke recipe, in a folder. */
const prepare = (root: string, recipe: string, args: readonly string[]) => {
  const set = ["tokenizer.vocabSize=80", "corpus.threads=0", "corpus.exactDuplicates=false"];
  return cramkit(
    ...["prepare", recipe, "--data", join(root, "data"), ...set.flatMap((one) => ["--set", one]), ...args],
  );
};

interface Advice {
  /** What lies in the folder. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** Arguments, of which those that name a file are in the folder. */
  readonly args?: readonly string[];
  /** The advice; what it names in parentheses is what `follow` is given. */
  readonly says: RegExp;
  /** What is added on the command line. */
  readonly follow: (named: string) => readonly string[];
}

const text = (name: string): Pick<Advice, "args"> => ({ args: ["--text", name] });
const unclosed = [
  "id,text",
  ...lines.slice(0, 300).map((line, i) => `${i},${line}`),
  '300,"an inch is written " and never closed',
  ...lines.slice(301).map((line, i) => `${301 + i},${line}`),
];

const advice: readonly (readonly [name: string, advice: Advice])[] = [
  [
    "--field",
    {
      files: { "a.csv": table(",", "id,body") },
      ...text("a.csv"),
      says: /got: "id", "(body)"; choose with field \(--field\)/,
      follow: (named) => ["--field", named],
    },
  ],
  [
    "--field inside of another",
    {
      files: { "a.jsonl": lines.map((line) => JSON.stringify({ document: { body: line } })).join("\n") },
      ...text("a.jsonl"),
      says: /\(it has: (document\.body)\).*; choose with field, .*\(--field, /,
      follow: (named) => ["--field", named],
    },
  ],
  [
    "corpus.onBrokenFile",
    {
      files: { "a.txt": lines.join("\n"), "b.json": '[{"text": "cut off' },
      args: ["--text", "a.txt", "--text", "b.json", "--unit", "line"],
      says: /fetch the file again, or set onBrokenFile to "skip" \(--set (corpus\.onBrokenFile=skip)\)$/,
      follow: (named) => ["--set", named],
    },
  ],
  [
    "--encoding of UTF-16",
    {
      files: { "a.txt": Buffer.from(lines.join("\n"), "utf16le") },
      ...text("a.txt"),
      says: /set encoding to "(utf-16le)" or .* \(--encoding, --set corpus\.onBrokenFile=skip\)$/,
      follow: (named) => ["--encoding", named],
    },
  ],
  [
    "--format",
    {
      files: { "a.pdf": lines.join("\n") },
      ...text("a.pdf"),
      says: /set format to what it holds, or make text of it \(--format\)$/,
      follow: () => ["--format", "txt"],
    },
  ],
  [
    "--delimiter",
    {
      files: { "a.csv": table(";", "id;text") },
      ...text("a.csv"),
      says: /set delimiter to "(;)" \(--delimiter\)/,
      follow: (named) => ["--delimiter", named],
    },
  ],
  [
    "--quote",
    {
      files: { "a.csv": unclosed.join("\n") },
      args: ["--text", "a.csv", "--set", "corpus.maxBadShare=0"],
      says: /set quote to (false) if quotes are ordinary characters/,
      follow: (named) => ["--quote", named],
    },
  ],
  [
    "corpus.maxBadShare",
    {
      files: { "a.jsonl": [...lines.map((line) => JSON.stringify({ text: line })), '{"text": '].join("\n") },
      args: ["--text", "a.jsonl", "--set", "corpus.maxBadShare=0.0001"],
      says: /raise maxBadShare \(--set (corpus\.maxBadShare)=SHARE\)/,
      follow: (named) => ["--set", `${named}=0.1`],
    },
  ],
  [
    "--encoding",
    {
      files: {
        "a.txt": Buffer.from("Das Café liegt an der Straße, und größer wird es nicht.\n".repeat(400), "latin1"),
      },
      args: ["--text", "a.txt", "--set", "tokenizer.text=cased", "--set", "tokenizer.vocabSize=64"],
      says: /set encoding to "(latin1)", .* \(--encoding, --set corpus\.maxBadShare=SHARE\)$/,
      follow: (named) => ["--encoding", named],
    },
  ],
  [
    "tokenizer.from",
    {
      files: { "a.txt": lines.join("\n"), "broken.json": "{}" },
      args: ["--text", "a.txt", "--unit", "line", "--set", "tokenizer.from=broken.json"],
      says: /name another file with (tokenizer\.from)/,
      follow: (named) => ["--set", `${named}=null`],
    },
  ],
];

/** The names of files of a folder as paths in it. */
const inside = (root: string, files: Advice["files"], args: readonly string[]): string[] =>
  args.map((arg) => {
    const [, setting = "", name = arg] = /^(tokenizer\.from=)(.*)$/.exec(arg) ?? [];
    return name in files ? setting + join(root, "text", name) : arg;
  });

const write = (root: string, files: Advice["files"]): void => {
  mkdirSync(join(root, "text"), { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(root, "text", name), content);
};

it.each(advice)(
  "takes its own advice about %s",
  { timeout: 120_000 },
  async (_, { files, args = [], says, follow }) => {
    const root = mkdtempSync(join(tmpdir(), "cramkit-"));
    write(root, files);
    const given = inside(root, files, args);
    const refused = await prepare(root, "smoke", given);
    expect(refused.error).toMatch(says);
    expect(refused.code).toBe(1);
    const more = follow(says.exec(refused.error)?.[1] ?? "");
    expect(await prepare(root, "smoke", [...given, ...more])).toEqual({ code: 0, error: "" });
  },
);

it.each(["--fresh", "--reuse"])("takes its own advice about %s", { timeout: 120_000 }, async (option) => {
  const root = mkdtempSync(join(tmpdir(), "cramkit-"));
  write(root, { "a.txt": lines.join("\n") });
  const args = ["--text", join(root, "text", "a.txt"), "--unit", "line"];
  expect((await prepare(root, "smoke", args)).code).toBe(0);
  appendFileSync(join(root, "text", "a.txt"), "\nAnother line that says what a cat does.\n");
  const refused = await prepare(root, "smoke", args);
  expect(refused.error).toContain(option);
  expect(refused.code).toBe(1);
  expect((await prepare(root, "smoke", [...args, option])).code).toBe(0);
});

it("takes its own advice about --unit", { timeout: 120_000 }, async () => {
  const root = mkdtempSync(join(tmpdir(), "cramkit-"));
  write(root, { "a.txt": lines.join("\n") });
  const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const advice = async (...more: string[]) => {
    written.mockClear();
    const { code } = await prepare(root, "smoke", ["--text", join(root, "text", "a.txt"), ...more]);
    return { code, isGiven: /; set unit for other documents/.test(written.mock.calls.join("")) };
  };
  try {
    expect(await advice()).toEqual({ code: 0, isGiven: true });
    expect(await advice("--unit", "line")).toEqual({ code: 0, isGiven: false });
  } finally {
    written.mockRestore();
  }
});

it("takes its own advice about extends", { timeout: 120_000 }, async () => {
  const root = mkdtempSync(join(tmpdir(), "cramkit-"));
  write(root, { "a.txt": lines.join("\n") });
  const file = join(root, "mine.json");
  const { corpus, model, training, evaluation, rows } = recipes.smoke();
  const mine = { corpus, model, training, evaluation, rows };
  writeFileSync(file, JSON.stringify(mine));
  const args = ["--text", join(root, "text", "a.txt"), "--unit", "line"];
  const refused = await prepare(root, file, args);
  const [, field, base] = /add "(extends)": "([^"]*)"/.exec(refused.error) ?? [];
  expect(refused.code).toBe(1);
  writeFileSync(file, JSON.stringify({ [field!]: base, ...mine }));
  expect(await prepare(root, file, args)).toEqual({ code: 0, error: "" });
});

it("takes its own advice about resume, and about a backend that is not there", { timeout: 240_000 }, async () => {
  const root = mkdtempSync(join(tmpdir(), "cramkit-"));
  write(root, { "a.txt": lines.join("\n") });
  const run = join(root, "run");
  const set = [
    "tokenizer.vocabSize=80",
    "corpus.threads=0",
    "corpus.exactDuplicates=false",
    "evaluation.probes.trials=0",
  ];
  const args = ["--text", join(root, "text", "a.txt"), "--unit", "line", "--data", join(root, "data"), "--dir", run];
  expect(
    (await cramkit("run", "smoke", "--backend", "cpu", ...args, ...set.flatMap((one) => ["--set", one]))).code,
  ).toBe(0);
  for (const name of ["model", "summary.json"]) rmSync(join(run, name), { recursive: true });
  const refused = await cramkit("fill-mask", "a [MASK]", "--run", run);
  const [, command] = /`cramkit (resume [^`]*)` finishes it/.exec(refused.error) ?? [];
  expect(refused.code).toBe(1);
  expect(await cramkit(...command!.split(" "))).toMatchObject({ code: 0 });
  expect((await cramkit("fill-mask", "a [MASK]", "--run", run)).code).toBe(0);
  expect(readFileSync(join(run, "summary.json"), "utf8")).toContain("{");
  const absent = await cramkit("fill-mask", "a [MASK]", "--run", run, "--backend", "tensorflow");
  if (absent.code === 0) return; // it is installed here
  expect(absent.error).toMatch(/npm install|--backend|cpu/);
  expect((await cramkit("fill-mask", "a [MASK]", "--run", run, "--backend", "cpu")).code).toBe(0);
});
