import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it, vi } from "vitest";
import { runProgram } from "../main.ts";
import { createProgram } from "../program.ts";
import { startCramkit } from "./command-line.testing.ts";

const texts = Array.from(
  { length: 600 },
  (_, i) => `Entry ${i % 97} says that cat ${i % 13} sat on mat ${i % 7}, as cats do.`,
);

/** A folder of one file. */
const folderWith = (name: string, content: string | Uint8Array): string => {
  const folder = mkdtempSync(join(tmpdir(), "cramkit-"));
  mkdirSync(join(folder, "text"));
  writeFileSync(join(folder, "text", name), content);
  return folder;
};

/** Prepares the text of a folder by the smoke recipe; what was said, and the rows. */
const prepared = async (folder: string, ...options: string[]) => {
  const lines: string[] = [];
  const data = join(folder, "data");
  const settings = [
    "--set",
    "tokenizer.vocabSize=80",
    "--set",
    "corpus.threads=0",
    "--set",
    "corpus.exactDuplicates=false",
  ];
  const args = ["prepare", "smoke", "--data", data, ...settings, ...options];
  const code = await runProgram(createProgram(), args, (line) => lines.push(line));
  return { code, error: lines.join("\n") };
};

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

it.each([
  ["a text file", "a.txt", texts.join("\n"), []],
  ["lines", "a.txt", texts.join("\n"), ["--unit", "line"]],
  ["a table", "a.csv", `id,text\n${texts.map((text, i) => `${i},${quoted(text)}`).join("\n")}`, []],
  [
    "another column",
    "a.csv",
    `id;body\n${texts.map((text, i) => `${i};${text}`).join("\n")}`,
    ["--field", "body", "--delimiter", ";"],
  ],
  ["a table without a header", "a.tsv", texts.map((text, i) => `${i}\t${text}`).join("\n"), ["--field", "1"]],
  ["packed records", "a.jsonl.gz", gzipSync(texts.map((text) => JSON.stringify({ text })).join("\n")), []],
  [
    "a name that tells nothing",
    "a.dat",
    texts.map((body) => JSON.stringify({ body })).join("\n"),
    ["--format", "jsonl", "--field", "body"],
  ],
])("prepares %s", { timeout: 60_000 }, async (_, name, content, options) => {
  const folder = folderWith(name, content);
  expect(await prepared(folder, "--text", join(folder, "text", name), ...options)).toEqual({ code: 0, error: "" });
  expect(await prepared(folder, "--text", join(folder, "text"), ...options, "--data", join(folder, "again"))).toEqual({
    code: 0,
    error: "",
  });
});

it.each([
  [
    "a table without the column",
    "a.csv",
    `id,body\n${texts.join("\n")}`,
    /a\.csv, line 1: expected a column "text", got: "id", "body".*field/,
  ],
  [
    "records without the field",
    "a.jsonl",
    texts.map((body) => JSON.stringify({ id: 1, body })).join("\n"),
    /a\.jsonl, line 2: .*"text".*it has: id, body.*field/,
  ],
  [
    "Latin-1",
    "a.txt",
    Buffer.from("Das Café liegt an der Straße, und größer wird es nicht.\n".repeat(400), "latin1"),
    /a\.txt.*Latin-1.*encoding.*latin1/,
  ],
  [
    "Latin-1 in passages",
    "a.txt",
    Buffer.from("Das Café liegt an der Straße, und größer wird es nicht.\n".repeat(400), "latin1"),
    /a\.txt.*Latin-1.*encoding.*latin1/,
    ["--unit", "passage"],
  ],
  ["an empty file", "a.txt", "", /empty|no text|expected/],
])(
  "answers %s with one line that says what to do",
  { timeout: 60_000 },
  async (_, name, content, message, options: string[] = []) => {
    const folder = folderWith(name, content);
    const { code, error } = await prepared(folder, "--text", join(folder, "text", name), ...options);
    expect(error).toMatch(message);
    expect(error.split("\n")).toHaveLength(1);
    expect(code).toBe(1);
  },
);

it("reads Latin-1 with the option that the message names", { timeout: 60_000 }, async () => {
  const folder = folderWith(
    "a.txt",
    Buffer.from("Das Café liegt an der Straße, und größer wird es nicht.\n".repeat(400), "latin1"),
  );
  const options = ["--text", join(folder, "text"), "--encoding", "latin1"];
  const settings = ["--set", "tokenizer.text=cased", "--set", "tokenizer.vocabSize=64"];
  expect(await prepared(folder, ...options, ...settings)).toEqual({ code: 0, error: "" });
});

it("answers an empty folder, and a name that leads nowhere", async () => {
  const folder = mkdtempSync(join(tmpdir(), "cramkit-"));
  expect((await prepared(folder, "--text", folder)).error).toMatch(/expected files named \.txt.*got none in/);
  expect((await prepared(folder, "--text", "OWNER/name")).error).toMatch(
    /OWNER\/name, which does not exist.*hf:\/\/datasets\/OWNER\/name/,
  );
});

it("trains on a table from one line, in an empty folder", { timeout: 240_000 }, async () => {
  const cwd = mkdtempSync(join(tmpdir(), "cramkit-"));
  writeFileSync(join(cwd, "reviews.csv"), `id,review\n${texts.map((text, i) => `${i},${quoted(text)}`).join("\n")}`);
  const settings = [
    "--set",
    "tokenizer.vocabSize=80",
    "--set",
    "evaluation.probes.trials=0",
    "--set",
    "corpus.exactDuplicates=false",
  ];
  const { ended } = startCramkit(
    [
      "run",
      "smoke",
      "--text",
      "reviews.csv",
      "--field",
      "review",
      "--budget",
      "4 steps",
      "--backend",
      "cpu",
      ...settings,
    ],
    { cwd },
  );
  const { code, out, error } = await ended;
  expect(out + error).toContain("--run runs/smoke-reviews");
  expect(code).toBe(0);
  const recipe = JSON.parse(readFileSync(join(cwd, "runs", "smoke-reviews", "recipe.json"), "utf8"));
  expect(recipe.corpus.sources).toEqual([{ kind: "files", path: "reviews.csv", field: "review" }]);
  expect(recipe.training.budget).toBe("4 steps");
});

it("trains a tokenizer on a table in another encoding, and says what it loses", { timeout: 60_000 }, async () => {
  const rows = Array.from({ length: 300 }, (_, i) => `${i};Größe ${i} paßt über Straßen`);
  const folder = folderWith("a.csv", Buffer.from(`id;body\n${rows.join("\n")}`, "latin1"));
  const train = async (...options: string[]) => {
    const out = join(folder, "tokenizer.json");
    const reading = ["--field", "body", "--delimiter", ";", "--encoding", "latin1", "--vocab-size", "64"];
    const args = ["tokenizer", "train", join(folder, "text"), "--out", out, ...reading, ...options];
    expect(await runProgram(createProgram(), args, () => {})).toBe(0);
    return JSON.parse(readFileSync(out, "utf8")).model.vocab as Record<string, number>;
  };
  const said: string[] = [];
  const write = vi.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
  expect(Object.keys(await train()).join("")).not.toContain("ß");
  expect(said.join("")).toMatch(/warning: the tokenizer loses \d+\.\d % of the characters; --keep multilingual/);
  said.length = 0;
  expect(Object.keys(await train("--keep", "cased")).join("")).toContain("ß");
  expect(said.join("")).not.toContain("warning");
  write.mockRestore();
});
