import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { declaredFunctions, synonyms } from "../scripts/dialect.mjs";
import { sourcesOf } from "../scripts/optional-properties.mjs";

/** Flags of the command line keep the short names that people know: `--dir`. */
const flags = /^options\/[a-z-]+-options\.ts$/;

it.each(readdirSync("packages"))("%s has one word for one thing", (name) => {
  const found = sourcesOf(`packages/${name}/src`).flatMap(([file, text]) =>
    name === "cramkit" && flags.test(file) ? [] : synonyms(text, file).map((synonym) => `${file}: ${synonym}`),
  );
  expect(found).toEqual([]);
});

it("finds a planted synonym of each word, in types and parameters", () => {
  const text = `
    interface Options { directory?: string; readonly workers: number; hubUrl: string; token?: string }
    const f = (resultsDir: string, { endpoint }: { endpoint: string; seqLen: number }) => resultsDir;
    function g(maxSeqLength: number, apiToken: string, config: { maxSeq: number }) {}
    interface Fine { folder: string; threads: number; token: string; maxLength: number }
    const directory = "a local name";`;
  expect(synonyms(text)).toEqual([
    "token: say accessToken",
    "directory: say folder",
    "workers: say threads",
    "resultsDir: say folder",
    "endpoint: say hubUrl",
    "seqLen: say seqLength, the length of a row",
    "maxSeqLength: say maxLength, a limit",
    "apiToken: say accessToken",
    "maxSeq: say maxLength, a limit",
  ]);
});

/** Packages written before `const f = () =>` was chosen, with how many functions they still declare: shrink it, never add. */
const declared: Readonly<Record<string, number>> = {
  glue: 1,
  model: 8,
  ops: 17,
  tokenizer: 6,
};

it.each(readdirSync("packages"))("%s writes functions as constants", (name) => {
  const found = sourcesOf(`packages/${name}/src`).flatMap(([file, text]) =>
    declaredFunctions(text, file).map((declaration) => `${file}: ${declaration}`),
  );
  if (name in declared) expect(found.length).toBeLessThanOrEqual(declared[name]!);
  else expect(found).toEqual([]);
});

it("finds a planted declaration, and lets generators, overloads and assertions be", () => {
  const text = `
    export function planted() {}
    async function alsoPlanted() {}
    export async function* generator() {}
    export function both(a: string): string;
    export function both(a: number): number;
    export function both(a: unknown) { return a as never; }
    function assertText(a: unknown): asserts a is string {}
    const fine = () => { function inner() {} };`;
  expect(declaredFunctions(text)).toEqual(["planted", "alsoPlanted"]);
});

/** "Where" for if, which reads as translated: no place is meant. */
const wrongWhere = /@throws [^.]*?\bwhere (the|there|it|one|a) |[^a-z]where there (is|are) (one|none|any)\b/;

it.each(readdirSync("packages"))("%s says if where no place is meant", (name) => {
  const found = sourcesOf(`packages/${name}/src`).flatMap(([file, text]) =>
    text
      .split("\n")
      .flatMap((line: string, at: number) => (wrongWhere.test(line) ? [`${file}:${at + 1}: ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
});

it("finds a planted one", () => {
  expect(wrongWhere.test(" * @throws RangeError where the file is cut")).toBe(true);
  expect(wrongWhere.test("/** The label, where there is one. */")).toBe(true);
  expect(wrongWhere.test("/** Where a run stands, in the folder where it began. */")).toBe(false);
});
