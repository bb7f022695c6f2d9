import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect } from "../../collect.ts";
import { type FileDocumentsOptions, fileDocuments } from "./files.ts";
import { fileRows } from "./rows.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cramkit-csv-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

type Options = Omit<FileDocumentsOptions, "path">;

/** The texts of a table, and the places and reasons of its bad records. */
const read = async (name: string, table: string | Buffer, options: Options = {}) => {
  const path = join(folder, name);
  writeFileSync(path, table);
  const source = fileDocuments({ path, maxBadShare: 1, ...options });
  const texts = (await collect(source)).map(({ text }) => text);
  return { texts, bad: source.report().examples.map(({ place, reason }) => `${place}: ${reason}`) };
};

describe("readCsv and readTsv", () => {
  it("takes a row with more fields than columns for a bad record: its text would be lost", async () => {
    const csv = await read("more.csv", "id,text\n1,Sentence 1, which has a comma\n2,fine\n3\n");
    expect(csv.texts).toEqual(["fine"]);
    expect(csv.bad).toEqual([
      'line 2: 3 fields in a table of 2 columns: a "," in a text has to be quoted, or is not the delimiter',
      'line 4: expected a text in the field "text" (it has: id)',
    ]);
    const tsv = await read("more.tsv", "text\tlabel\na\tb\tc\nd\te\n");
    expect(tsv.texts).toEqual(["d"]);
    expect(tsv.bad).toMatchObject([
      expect.stringMatching(/^line 2: 3 fields in a table of 2 columns: a "\\t" in a text/),
    ]);
    const bare = await read("bare.tsv", "a\tb\nc\td\te\n", { field: 0 });
    expect(bare.texts).toEqual(["a"]);
    await expect(read("strict.csv", "text\na,b\n", { maxBadShare: 0 })).rejects.toThrow(
      /strict\.csv, line 2: 2 fields/,
    );
  });

  it("lets delimiters at the end of rows be: nothing is lost with them", async () => {
    expect((await read("trailing.csv", 'id,text\n1,a,\n2,"b",,\r\n')).texts).toEqual(["a", "b"]);
  });

  it("refuses a column that is there twice, if its texts are asked for", async () => {
    await expect(read("twice.csv", "text,id,text\na,1,b\n")).rejects.toThrow(
      /twice\.csv, line 1: expected one column "text", got columns 1 and 3; give one of them another name$/,
    );
    expect((await read("other-twice.csv", "note,text,note\n1,a,2\n")).texts).toEqual(["a"]);
    const where = { where: ({ note }: Record<string, unknown>) => note === "2" };
    await expect(read("other-twice.csv", "note,text,note\n1,a,2\n", where)).rejects.toThrow(
      'expected one column "note", got columns 1 and 3',
    );
    const whole = () => collect(fileRows({ path: join(folder, "twice.csv") }));
    await expect(whole()).rejects.toThrow('expected one column "text"');
  });

  it("reads other delimiters, quotes and escapes, and names the delimiter that a header seems to have", async () => {
    expect((await read("semicolon.csv", "id;text\n1;a, b\n", { delimiter: ";" })).texts).toEqual(["a, b"]);
    const apostrophes = { delimiter: "|", quote: "'" };
    expect((await read("pipes.csv", "id|text\n1|'a|b ''c'''\n", apostrophes)).texts).toEqual(["a|b 'c'"]);
    expect((await read("escape.csv", 'text\n"a \\"b\\""\n', { escape: "\\" })).texts).toEqual(['a "b"']);
    expect((await read("quoted.tsv", 'text\n"a\tb"\n', { quote: '"' })).texts).toEqual(["a\tb"]);
    await expect(read("other.csv", "id;text\n1;a\n")).rejects.toThrow(
      /other\.csv, line 1: expected a column "text", got: "id;text"; set delimiter to ";"$/,
    );
    for (const options of [{ delimiter: "::" }, { quote: "\u00ab" }, { escape: "\n" }, { delimiter: "" }]) {
      await expect(read("sign.csv", "text\na\n", options)).rejects.toThrow(/to be one ASCII character and no line end/);
    }
    await expect(read("same.csv", "text\na\n", { delimiter: '"' })).rejects.toThrow(
      /expected quote and delimiter to differ/,
    );
  });

  it("throws where a quote never closes: it may have swallowed most of the file", async () => {
    const rows = Array.from({ length: 3000 }, (_, n) => `${n},text ${n}\n`).join("");
    const table = `id,text\n${rows}9,"open\n${rows}`;
    await expect(read("open.csv", table, { maxBadShare: 0.001 })).rejects.toThrow(
      /open\.csv, line 3002: a quote opens here and never closes; set quote to false/,
    );
    const skipping = await read("open.csv", table, { onBrokenFile: "skip" });
    expect(skipping.texts).toHaveLength(3000);
    expect(skipping.bad).toEqual([expect.stringMatching(/^line 3002: a quote opens here/)]);
  });

  it("suggests another delimiter if a header of one name holds one, whatever its names are", async () => {
    await expect(read("tabs.csv", "id,body\n1,a\n", { delimiter: "\t" })).rejects.toMatchObject({
      remedy: 'set delimiter to ","',
      details: { option: "delimiter" },
    });
    await expect(read("one.csv", "body\na\n")).rejects.toMatchObject({ remedy: "choose with field" });
  });

  it("says which encoding a table seems to have, and reads it where it is named", async () => {
    const table = Buffer.from("id,text\n1,Stra\u00dfe in K\u00f6ln\n", "latin1");
    const unnamed = await read("latin.csv", table);
    expect(unnamed.bad).toEqual([
      'line 2: invalid UTF-8 in the column "text" (byte 0xdf after 4 bytes of the record; it looks like Latin-1)',
    ]);
    await expect(read("latin.csv", table, { maxBadShare: 0.1 })).rejects.toMatchObject({
      remedy: 'set encoding to "latin1", repair the input or raise maxBadShare',
      details: { option: ["encoding", "maxBadShare"] },
    });
    expect((await read("latin.csv", table, { encoding: "latin1" })).texts).toEqual(["Stra\u00dfe in K\u00f6ln"]);
    const wide = Buffer.from("\ufeffid,text\r\n1,\u4e2d\u6587\r\n", "utf16le");
    expect((await read("wide.csv", wide, { encoding: "utf-16le" })).texts).toEqual(["\u4e2d\u6587"]);
    await expect(read("wide.csv", wide, { encoding: "klingon" })).rejects.toThrow(
      /expected the name of an encoding, got "klingon"; set encoding to one such as "latin1"/,
    );
    const half = Buffer.from("text\na\ud800b\n", "utf16le");
    await expect(read("half.csv", half, { encoding: "utf-16le" })).rejects.toThrow(
      /half\.csv, its text: expected utf-16le, got bytes that it does not have/,
    );
  });

  it("reads NUL bytes as they are, and an empty file as no records", async () => {
    expect((await read("nul.csv", "text\na\0b\n")).texts).toEqual(["a\0b"]);
    expect((await read("empty.csv", "")).texts).toEqual([]);
    expect((await read("header.csv", "\ufefftext\r\n")).texts).toEqual([]);
  });
});
