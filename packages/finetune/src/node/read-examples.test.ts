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

it("takes what its messages advise: another delimiter, quotes that are none, another encoding", async () => {
  const one = async (content: string | Uint8Array, options: Partial<ReadExamplesOptions>) =>
    (await read("h.csv", content, { kind: "classes", ...options })).map(({ text, label }) => [text, label]);
  expect(await one("text;label\na;b\n", { delimiter: ";" })).toEqual([["a", "b"]]);
  expect(await one('text,label\n"a,b\n', { quote: false })).toEqual([['"a', "b"]]);
  expect(await one('text,label\n"a\\"b",c\n', { escape: "\\" })).toEqual([['a"b', "c"]]);
  expect(await one(Buffer.from("text,label\nCaf\u00e9,b\n", "latin1"), { encoding: "latin1" })).toEqual([
    ["Caf\u00e9", "b"],
  ]);
  const lines = await read("h.txt", Buffer.from("Caf\u00e9\n", "latin1"), { kind: "classes", encoding: "latin1" });
  expect(lines[0]!.text).toBe("Caf\u00e9");
  const tagged = Buffer.from("\ufeffCaf\u00e9 O\n", "utf16le");
  await expect(read("u.conll", tagged, { kind: "tags" })).rejects.toThrow(/u\.conll: expected UTF-8, got UTF-16/);
  const western = Buffer.from("Caf\u00e9 O\n", "latin1"); // its letter was lost without a word
  await expect(read("l.conll", western, { kind: "tags" })).rejects.toThrow(/l\.conll: expected UTF-8, got bytes/);
  await expect(read("h.conll", "", { kind: "tags", encoding: "latin1" })).rejects.toThrow(/leave encoding out/);
});

it.each<[string, string, string | Uint8Array, ReadExamplesOptions, RegExp]>([
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
  [
    "a later record without the column",
    "g.jsonl",
    '{"text": "t", "label": "a"}\n{"body": "u", "label": "b"}',
    { kind: "classes" },
    /g\.jsonl, line 2: expected a text in the column "text", got none; correct the row, or leave it out/,
  ],
  [
    "null in place of a text",
    "g.jsonl",
    '{"text": "t", "pair": "v"}\n{"text": "u", "pair": null}',
    { kind: "embedding", pair: "pair" },
    /g\.jsonl, line 2: expected a text in the column "pair", got null/,
  ],
  [
    "an object in place of a text",
    "g.jsonl",
    '{"text": {"en": "t"}, "label": "a"}',
    { kind: "classes" },
    /g\.jsonl, line 1: expected a text in the column "text", got \{"en":"t"\}/,
  ],
  [
    "several labels in place of a class",
    "g.jsonl",
    '{"text": "t", "label": ["a", "b"]}',
    { kind: "classes" },
    /expected a class as the label, got \["a","b"\]; correct the row, or finetune with the task labels/,
  ],
  [
    "spans in place of a class",
    "g.jsonl",
    '{"text": "t", "label": [{"start": 0, "end": 1, "label": "A"}]}',
    { kind: "classes" },
    /expected a class as the label, .*finetune with the task tags/,
  ],
  [
    "objects in place of labels",
    "g.jsonl",
    '{"text": "t", "label": [{"name": "a"}]}',
    { kind: "labels" },
    /expected names as the label, got \[\{"name":"a"\}\]/,
  ],
  [
    "a word in place of a score",
    "g.csv",
    "text,label\na,high\n",
    { kind: "score" },
    /g\.csv, line 2: expected a finite number as the label, got "high"/,
  ],
  ["a list in place of a score", "g.jsonl", '{"text": "t", "label": [5]}', { kind: "score" }, /got \[5\]/],
  [
    "offsets outside of the text as they are written",
    "g.jsonl",
    '{"text": "\u{1f98a} Anna", "spans": [[2, 9, "PER"]]}',
    { kind: "tags", offsets: "code-points" },
    /expected offsets within the 6 code points of its text, got 9 \("PER"\); .* offsets count code points/,
  ],
  [
    "another sign between the fields",
    "g.csv",
    "text;label\na;b\n",
    { kind: "classes" },
    /expected a column "text", got "text;label"; set delimiter to ";"/,
  ],
  [
    "a quote that never closes",
    "g.csv",
    'text,label\n"a,b\nc,d\n',
    { kind: "classes" },
    /a quote opens here and never closes; set quote to false/,
  ],
  [
    "another encoding",
    "g.csv",
    Buffer.from("text,label\nCaf\u00e9 noir,b\n", "latin1"),
    { kind: "classes" },
    /it looks like Latin-1\); set encoding to "latin1"/,
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
