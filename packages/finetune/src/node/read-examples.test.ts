import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Example } from "../examples/example.ts";
import { type ReadExamplesOptions, readExamples } from "./read-examples.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cramkit-examples-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const read = async (name: string, content: string | Uint8Array, options: ReadExamplesOptions): Promise<Example[]> => {
  const path = join(folder, name);
  writeFileSync(path, content);
  const examples: Example[] = [];
  for await (const example of readExamples(path, options)) examples.push(example);
  return examples;
};

it("reads classes and pairs of CSV, TSV and JSON-lines, each with its file and line", async () => {
  const csv = 'a,b,stars\n"one, ""two""",x,5\n\nlast,y,1\n';
  expect(await read("a.csv", csv, { kind: "classes", text: "a", pair: "b", label: "stars" })).toEqual([
    { text: 'one, "two"', pair: "x", label: "5", place: "a.csv, line 2" },
    { text: "last", pair: "y", label: "1", place: "a.csv, line 4" },
  ]);
  const tsv = gzipSync('text\tlabel\nhe said "no\t0.5\n');
  expect(await read("a.tsv.gz", tsv, { kind: "score" })).toEqual([
    { text: 'he said "no', label: 0.5, place: "a.tsv.gz, line 2" },
  ]);
  const jsonl = '{"text": "t", "label": 3}\n{"text": "u", "label": true}\n';
  expect((await read("a.jsonl", jsonl, { kind: "classes" })).map(({ label }) => label)).toEqual(["3", "true"]);
});

it("reads several labels of a cell or of a list, and none where labels are not asked for", async () => {
  const csv = "text,label\nt,a; b\nu,\n";
  expect((await read("b.csv", csv, { kind: "labels", separator: ";" })).map(({ label }) => label)).toEqual([
    ["a", "b"],
    [],
  ]);
  expect((await read("b.jsonl", '{"text": "t", "label": ["a"]}', { kind: "labels" }))[0]!.label).toEqual(["a"]);
  expect(await read("c.csv", "text\nt\n", { kind: "classes", label: null })).toEqual([
    { text: "t", place: "c.csv, line 2" },
  ]);
});

it("reads spans as objects and as lists, in UTF-16 units or code points", async () => {
  const text = "\u{1f98a} Anna";
  const line = (spans: unknown) => `${JSON.stringify({ text, spans })}\n`;
  const expected = [{ start: 3, end: 7, label: "PER" }];
  const utf16 = await read("d.jsonl", line([{ start: 3, end: 7, label: "PER" }]), { kind: "tags" });
  expect(utf16[0]!.label).toEqual(expected);
  const points = await read("d.jsonl", line([[2, 6, "PER"]]), { kind: "tags", offsets: "code-points" });
  expect(points[0]!.label).toEqual(expected);
  expect(utf16[0]!.text.slice(3, 7)).toBe("Anna");
});

it("reads sentences of CoNLL", async () => {
  const conll = "-DOCSTART- -X- O\n\nAnna NNP B-PER\nSmith NNP I-PER\nin IN O\nRome NNP B-LOC\r\n\nno O\n";
  expect(await read("e.conll", conll, { kind: "tags" })).toEqual([
    {
      text: "Anna Smith in Rome",
      label: [
        { start: 0, end: 10, label: "PER" },
        { start: 14, end: 18, label: "LOC" },
      ],
      place: "e.conll, line 3",
    },
    { text: "no", label: [], place: "e.conll, line 8" },
  ]);
});

it.each<[string, string, string, ReadExamplesOptions, RegExp]>([
  [
    "a column that is not there",
    "f.csv",
    "review,stars\nx,1\n",
    { kind: "classes" },
    /f\.csv, line 2: expected a column "text", got "review", "stars"; choose the text among them/,
  ],
  [
    "a label's column",
    "f.csv",
    "text,stars\nx,1\n",
    { kind: "classes" },
    /expected a column "label", got "text", "stars"/,
  ],
  [
    "a word without a tag",
    "f.conll",
    "Anna B-PER\nSmith\n",
    { kind: "tags" },
    /f\.conll, line 2: expected a word and a tag/,
  ],
  [
    "what are no spans",
    "f.jsonl",
    '{"text": "t", "spans": {"a": 1}}',
    { kind: "tags" },
    /f\.jsonl, line 1: expected spans such as/,
  ],
  ["broken JSON", "g.jsonl", '{"text": "t"', { kind: "classes" }, /g\.jsonl, line 1: invalid JSON/],
  [
    "a field too many",
    "g.csv",
    "text,label\na,b,c\n",
    { kind: "classes" },
    /g\.csv, line 2: 3 fields in a table of 2 columns/,
  ],
])("refuses %s, by file and line", async (_, name, content, options, message) => {
  await expect(read(name, content, options)).rejects.toThrow(message);
});
