import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect } from "../../collect.ts";
import type { Document } from "../../document.ts";
import { zstdFrame } from "../../testing/zstd-frame.testing.ts";
import { type FileDocumentsOptions, fileDocuments } from "./files.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cramkit-files-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, data: string | Uint8Array): string => {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, data);
  return path;
};

const read = async (options: FileDocumentsOptions): Promise<Document[]> => await collect(fileDocuments(options));

const texts = async (options: FileDocumentsOptions): Promise<string[]> =>
  (await read(options)).map((document) => document.text);

const lines = (values: unknown[]) => `${values.map((value) => JSON.stringify(value)).join("\n")}\n`;

it("reads the folder that a process is in, by its dot", async () => {
  const before = process.cwd();
  write("here/sub/a.txt", "one");
  write("here/b.txt", "two");
  process.chdir(join(folder, "here"));
  try {
    for (const path of [".", "./", "../here"]) expect(await texts({ path })).toEqual(["two", "one"]);
  } finally {
    process.chdir(before);
  }
});

describe("fileDocuments", () => {
  it("reads a text file as a file, by line and by block", async () => {
    const path = write("modes.txt", "\ufeffone\r\ntwo \u00e9\r\n\r\n \t\r\nthree\r\n");
    expect(await texts({ path })).toEqual(["one\ntwo \u00e9\n\n \t\nthree\n"]);
    expect(await texts({ path, unit: "line" })).toEqual(["one", "two \u00e9", "three"]);
    expect(await read({ path, unit: "block" })).toEqual([
      { text: "one\ntwo \u00e9", source: "modes.txt", id: "line 1" },
      { text: "three", source: "modes.txt", id: "line 5" },
    ]);
  });

  it("reads JSON lines: records, strings, fields, identities", async () => {
    const path = write("a.jsonl", `\ufeff${lines([{ id: 7, text: "seven" }, "plain", { id: "x", text: "\u2028" }])}\n`);
    expect(await read({ path })).toEqual([
      { text: "seven", source: "a.jsonl", id: "7" },
      { text: "plain", source: "a.jsonl", id: "line 2" },
      { text: "\u2028", source: "a.jsonl", id: "x" },
    ]);
    const other = write("b.jsonl", lines([{ body: "b", key: "k" }]));
    expect(await read({ path: other, field: "body", idField: "key" })).toEqual([
      { text: "b", source: "b.jsonl", id: "k" },
    ]);
  });

  it("takes a line of spaces for a blank one, and half of a surrogate pair for no character", async () => {
    const path = write("odd.jsonl", '{"text": "a\\ud800\\ud83d\\ude00"}\n \t\r\n"\\udfff\u{1f600}"\n  ');
    expect(await texts({ path })).toEqual(["a\ufffd\u{1f600}", "\ufffd\u{1f600}"]);
  });

  it("reads the records that `where` wants", async () => {
    const path = write("where.jsonl", lines([1, 2, 3, 4].map((n) => ({ text: `t${n}`, meta: { set: n % 2 } }))));
    const source = fileDocuments({ path, where: ({ meta }) => (meta as { set: number }).set === 1 });
    expect((await collect(source)).map(({ text }) => text)).toEqual(["t1", "t3"]);
    expect(source.report()).toMatchObject({ documents: 2, unwanted: 2, badRecords: 0, characters: 4 });
  });

  it("reads JSON arrays, single and successive values, in chunks of any kind", async () => {
    const values = [{ text: 'a "quoted\\" ] } text', nested: [{ a: [] }] }, { text: "b" }, "string, with ] and \\"];
    const expected = [values[0], values[1]]
      .map((value) => (value as { text: string }).text)
      .concat(values[2] as string);
    for (const [index, json] of [
      JSON.stringify(values),
      JSON.stringify(values, undefined, 2),
      values.map((value) => JSON.stringify(value, undefined, 1)).join("\n"),
      `  [${values.map((value) => JSON.stringify(value)).join(" , ")} ] \n`,
    ].entries()) {
      expect(await texts({ path: write(`array${index}.json`, json) })).toEqual(expected);
    }
    const long = Array.from({ length: 3000 }, (_, n) => ({ text: `${n} `.repeat(100), n }));
    expect(await texts({ path: write("long.json", JSON.stringify(long, undefined, 1)) })).toEqual(
      long.map(({ text }) => text),
    );
    expect(await texts({ path: write("empty.json", "[]") })).toEqual([]);
  });

  it("reads a column of CSV and TSV, by name and by number", async () => {
    const csv = write("a.csv", '\ufeffid,text\n1,"one, ""quoted""\nover lines"\n2,zw\u00f6lf\n');
    expect(await read({ path: csv })).toEqual([
      { text: 'one, "quoted"\nover lines', source: "a.csv", id: "1" },
      { text: "zw\u00f6lf", source: "a.csv", id: "2" },
    ]);
    const tsv = write("a.tsv", 'a\tb\t"open quote\nc\td\tplain\n');
    expect(await texts({ path: tsv, field: 2 })).toEqual(['"open quote', "plain"]);
    await expect(read({ path: csv, field: "body" })).rejects.toThrow(
      /a\.csv, line 1: expected a column "body", got: "id", "text"; choose with field/,
    );
    await expect(read({ path: csv, field: "body", onBrokenFile: "skip" })).rejects.toThrow(/choose with field/);
  });

  it("reads CSV with line ends of several systems", async () => {
    for (const [name, csv] of [
      ["feed-first.csv", 'id,text\n1,a\r\n2,"b"\r\n3,"c\r\nd"\n'],
      ["return-first.csv", 'id,text\r\n1,a\n2,"b"\n3,"c\r\nd"\r\n'],
    ] as const) {
      expect(await texts({ path: write(name, csv) })).toEqual(["a", "b", "c\r\nd"]);
    }
    expect(await texts({ path: write("returns.csv", 'id,text\r1,a\r2,"b\nc"\r') })).toEqual(["a", "b\nc"]);
  });

  it.skipIf(process.platform !== "linux")("closes a file that is left early", async () => {
    const rows = lines(Array.from({ length: 50_000 }, (_, n) => `row ${n}`));
    const paths = [
      write("early.csv", `text\n${rows}`),
      write("early.tsv.gz", gzipSync(`text\n${rows}`)),
      write("early.jsonl", rows),
      write("early.json", `[${rows.trim().replaceAll("\n", ",")}]`),
      write("early.txt", rows),
    ];
    const first = async (path: string) => {
      for await (const { text } of fileDocuments({ path, unit: "line" })) return text;
    };
    const openFiles = () =>
      readdirSync("/proc/self/fd").flatMap((fd) => {
        try {
          return [readlinkSync(`/proc/self/fd/${fd}`)].filter((path) => paths.includes(path));
        } catch {
          return []; // the one of the listing itself
        }
      });
    for (const path of paths) expect(await first(path)).toContain("row 0");
    await expect.poll(openFiles).toEqual([]);
  });

  it("reads Parquet, row group by row group, also compressed", async () => {
    const expected = Array.from({ length: 250 }, (_, n) => `row ${n} \u4e2d`);
    const file = Buffer.from(
      parquetWriteBuffer({
        columnData: [
          { name: "id", data: expected.map((_, n) => `r${n}`), type: "STRING" },
          { name: "text", data: expected, type: "STRING" },
          { name: "other", data: expected.map((_, n) => n), type: "INT32" },
          { name: "long", data: expected.map((_, n) => 2n ** 60n + BigInt(n)), type: "INT64" },
        ],
        rowGroupSize: 100,
      }),
    );
    const path = write("a.parquet", file);
    expect(await texts({ path })).toEqual(expected);
    expect((await read({ path }))[249]).toEqual({ text: expected[249], source: "a.parquet", id: "r249" });
    expect((await read({ path, idField: "long" }))[1]?.id).toBe(String(2n ** 60n + 1n));
    expect(await texts({ path, where: ({ other }) => other === 3 })).toEqual([expected[3]]);
    expect(await texts({ path: write("b.parquet.gz", gzipSync(file)) })).toEqual(expected);
  });

  it("reads WikiExtractor dumps in both forms", async () => {
    const article = '<doc id="12" url="u" title="A &amp; B">\nA &amp; B\n\nText with &lt;signs&gt;.\n\n</doc>\n';
    const expected = { text: "Text with <signs>.", id: "12" };
    const path = write("AA/wiki_00", `${article}${article.replaceAll("12", "13")}`);
    expect(await read({ path })).toMatchObject([expected, { ...expected, id: "13" }]);
    const json = write("AA/wiki_01", lines([{ id: "5", url: "u", title: "T", text: "body" }]));
    expect(await read({ path: json })).toMatchObject([{ text: "body", id: "5" }]);
  });

  it("reads every format through gzip and zstd, members and frames one after the other", async () => {
    const values = Array.from({ length: 2000 }, (_, n) => ({ text: `document ${n} `.repeat(20) }));
    const expected = values.map(({ text }) => text);
    const [first, second] = [lines(values.slice(0, 900)), lines(values.slice(900))].map((part) => Buffer.from(part));
    const members = Buffer.concat([gzipSync(first as Buffer), gzipSync(second as Buffer)]);
    const frames = Buffer.concat([zstdFrame(first as Buffer), zstdFrame(second as Buffer, { blockBytes: 5000 })]);
    expect(await texts({ path: write("a.jsonl.gz", members) })).toEqual(expected);
    expect(await texts({ path: write("a.jsonl.zst", frames) })).toEqual(expected);
    const csv = Buffer.from(`text\n${expected.join("\n")}\n`);
    expect(await texts({ path: write("a.csv.zst", zstdFrame(csv)) })).toEqual(expected);
    expect(await texts({ path: write("a.json.gz", gzipSync(JSON.stringify(values))) })).toEqual(expected);
    expect(await texts({ path: write("a.txt.zst", zstdFrame(csv)), unit: "line" })).toEqual(["text", ...expected]);
    // As "zstd --long=28" makes them.
    expect(await texts({ path: write("w.csv.zst", zstdFrame(csv, { windowLog: 28 })) })).toEqual(expected);
  });

  it("reads folders in the order of paths, with patterns", async () => {
    for (const name of ["b.txt", "a/2.txt", "a/10.txt", "a/skip.bin", "c.md"]) write(`tree/${name}`, name);
    const path = join(folder, "tree");
    expect((await read({ path })).map(({ source }) => source)).toEqual(["a/10.txt", "a/2.txt", "b.txt", "c.md"]);
    expect(await texts({ path, include: ["a/**", "c.*"], exclude: "**/*.{bin,md}" })).toEqual(["a/10.txt", "a/2.txt"]);
    await expect(texts({ path, include: "*.gz" })).rejects.toThrow(
      /expected files that match \*\.gz, got none in .*tree; check include and exclude/,
    );
    await expect(texts({ path: join(path, "a/skip.bin") })).rejects.toThrow(/expected a file named .*skip\.bin/);
    mkdirSync(join(path, "others"));
    for (const name of ["a.pdf", "b.pdf", "c.docx", "d.png"]) writeFileSync(join(path, "others", name), "?");
    await expect(texts({ path: join(path, "others") })).rejects.toThrow(
      /got none in .*others, but .*, .*, .* and 1 more; /,
    );
    mkdirSync(join(path, "empty"));
    await expect(texts({ path: join(path, "empty") })).rejects.toThrow(
      /expected files named \.txt, .*, got none in .*empty; name another path, or set format/,
    );
    await expect(texts({ path: join(path, "none") })).rejects.toThrow(
      /none: expected a file or a folder, found nothing there; correct/,
    );
    expect(await texts({ path: join(path, "a/skip.bin"), format: "txt" })).toEqual(["a/skip.bin"]);
  });

  it("leaves names that begin with a dot out, unless a pattern writes the dot", async () => {
    for (const name of ["a.txt", "._a.txt", ".git/b.txt", "c/.ipynb_checkpoints/d.txt", "c/e.txt"]) {
      write(`dots/${name}`, name);
    }
    const path = join(folder, "dots");
    expect(await texts({ path })).toEqual(["a.txt", "c/e.txt"]);
    expect(await texts({ path, format: "txt" })).toEqual(["a.txt", "c/e.txt"]);
    expect(await texts({ path, include: "**/*.txt" })).toEqual(["a.txt", "c/e.txt"]);
    expect(await texts({ path, include: ".git/**" })).toEqual([".git/b.txt"]);
    expect(await texts({ path: join(path, ".git") })).toEqual([".git/b.txt"]);
  });

  it("reads what Python writes for JSON, and gives a broken line its place", async () => {
    const python = '{"text": "a", "score": NaN}\n{"text": "b", "id": Infinity}\n{"text": "c", "x": [-Infinity}\n';
    const source = fileDocuments({ path: write("python.jsonl", python), maxBadShare: 1 });
    expect((await collect(source)).map(({ text, id }) => [text, id])).toEqual([
      ["a", "line 1"],
      ["b", "Infinity"],
    ]);
    expect(source.report().examples).toMatchObject([{ place: "line 3" }]);
    expect(await texts({ path: write("python.json", '[{"text": "a", "s": NaN}, {"text": "b"}]') })).toEqual(["a", "b"]);
  });

  it("reads a dataset's data, and not its card and metadata, unless they are all or are asked for", async () => {
    const data = lines([{ text: "a" }]);
    write("hub/README.md", "# Card");
    write("hub/dataset_infos.json", "{}");
    const path = join(folder, "hub");
    expect(await texts({ path, include: "*.md" })).toEqual(["# Card"]);
    write("hub/data/train.jsonl", data);
    expect(await texts({ path })).toEqual(["a"]);
    expect(await texts({ path, include: "**/*.{md,jsonl}" })).toEqual(["# Card", "a"]);
    write("prose/README.md", "# Read me");
    write("prose/more.md", "more");
    expect(await texts({ path: join(folder, "prose") })).toEqual(["# Read me", "more"]);
    write("saved/state.json", "{}");
    const table = write("saved/data-00000-of-00001.arrow", "ARROW1");
    await expect(texts({ path: join(folder, "saved") })).rejects.toThrow(
      /got none in .*saved; there is data-00000-of-00001\.arrow: write it as Parquet, with to_parquet of the datasets/,
    );
    await expect(texts({ path: table })).rejects.toThrow(/expected a file named .*; write it as Parquet/);
    await expect(texts({ path: write("a.jsonl.bz2", "BZh9") })).rejects.toThrow(/got .*a\.jsonl\.bz2; unpack it/);
  });

  it("starts again at each iteration, and stops reading where its reader does", async () => {
    const source = fileDocuments({ path: write("again.txt", "a\nb\nc\n"), unit: "line" });
    expect(await collect(source)).toHaveLength(3);
    expect(await collect(source)).toHaveLength(3);
    expect(source.report().documents).toBe(3);
    for await (const { text } of source) {
      expect(text).toBe("a");
      break;
    }
  });
});

describe("bad input", () => {
  const good = (count: number) => Array.from({ length: count }, (_, n) => ({ text: `document ${n}, long enough` }));

  it("skips and counts bad records up to the share, and names file and line beyond it", async () => {
    const broken = `{"text": "cut off\n${JSON.stringify({ other: 1 })}\n`;
    const mixed = Buffer.concat([
      Buffer.from(lines(good(50)) + broken),
      Buffer.from('{"text": "\xff\xfe"}\n', "latin1"),
      Buffer.from(lines(good(50))),
    ]);
    const path = write("bad.jsonl", mixed);
    const source = fileDocuments({ path, maxBadShare: 0.05 });
    expect(await collect(source)).toHaveLength(100);
    expect(source.report()).toMatchObject({ badRecords: 3, documents: 100 });
    expect(source.report().examples.map(({ place, reason }) => `${place}: ${reason}`)).toEqual([
      expect.stringMatching(/^line 51: invalid JSON/),
      'line 52: expected a text in the field "text" (it has: other)',
      "line 53: invalid UTF-8 (byte 0xff after 10 bytes of the record; it looks like Latin-1)",
    ]);
    await expect(texts({ path, maxBadShare: 0.01 })).rejects.toThrow(
      /bad\.jsonl, line 53: invalid UTF-8 .*; 3 of 103 records are bad, more than the allowed share of 0\.01/,
    );
  });

  it("stops soon where most of a large file is bad", async () => {
    const path = write("garbage.jsonl", "nonsense\n".repeat(100_000));
    const source = fileDocuments({ path, maxBadShare: 0.01 });
    await expect(collect(source)).rejects.toThrow(/line 11: invalid JSON/);
    await expect(texts({ path, maxBadShare: 0.01, onBrokenFile: "skip" })).rejects.toThrow(/line 11/);
  });

  it("names the place of invalid UTF-8 in text and CSV", async () => {
    const bytes = Buffer.from("fine\nbad \xe9 byte\nfine\n", "latin1");
    await expect(texts({ path: write("u.txt", bytes), unit: "line" })).rejects.toThrow(/u\.txt, line 2: invalid UTF-8/);
    await expect(texts({ path: write("u.txt", bytes) })).rejects.toThrow(/u\.txt, line 1: invalid UTF-8/);
    const csv = write("u.csv", Buffer.concat([Buffer.from("text\n"), bytes]));
    await expect(texts({ path: csv })).rejects.toThrow(/u\.csv, line 3: invalid UTF-8 in the column "text"/);
  });

  it("says what was found in the place of a text", async () => {
    const path = write("kinds.jsonl", lines([{ text: null }, { text: 5 }, { text: ["a"] }, { text: { 0: "a" } }]));
    const source = fileDocuments({ path, maxBadShare: 1 });
    await collect(source);
    expect(source.report().examples.map(({ reason }) => reason)).toEqual(
      ["null", "a number", "an array", "an object"].map((kind) => `expected a text in the field "text", got ${kind}`),
    );
  });

  it("reads a field inside of others by its path, and names those that there are", async () => {
    const path = write(
      "inner.jsonl",
      lines([{ id: 1, document: { text: "inner", meta: { id: "x" } }, "a.b": "dotted" }]),
    );
    const read = (field: string, idField?: string) => collect(fileDocuments({ path, field, idField }));
    expect(await read("document.text", "document.meta.id")).toMatchObject([{ text: "inner", id: "x" }]);
    expect(await read("a.b")).toMatchObject([{ text: "dotted", id: "1" }]);
    await expect(read("document.body")).rejects.toThrow(
      /a text in the field "document\.body" \(it has: id, document\.text, document\.meta, a\.b\).*; choose with field, /,
    );
    await expect(read("toString.name")).rejects.toThrow(/expected a text/);
  });

  it("names file and byte of gzip and zstd data that ends early or is damaged", async () => {
    const data = Buffer.from(lines(good(20_000)));
    for (const [name, packed] of [
      ["t.jsonl.gz", gzipSync(data)],
      ["t.jsonl.zst", zstdFrame(data)],
    ] as const) {
      const path = write(name, packed.subarray(0, packed.length * 0.7));
      await expect(texts({ path })).rejects.toThrow(/t\.jsonl\.\w+, at or before byte \d+: the \w+ data is damaged/);
      const source = fileDocuments({ path, onBrokenFile: "skip", maxBadShare: 0.001 });
      expect((await collect(source)).length).toBeGreaterThan(5000);
      expect(source.report()).toMatchObject({ brokenFiles: 1, files: 1 });
      await expect(texts({ path: write(name, "") })).rejects.toThrow(/unexpected end of file/);
    }
    const flipped = gzipSync(data);
    flipped[flipped.length >> 1]! ^= 0x10;
    await expect(texts({ path: write("f.jsonl.gz", flipped) })).rejects.toThrow(/f\.jsonl\.gz, at or before byte/);
  });

  it("names a truncated JSON file, a broken value and an article without an end", async () => {
    const json = JSON.stringify(good(10));
    await expect(texts({ path: write("t.json", json.slice(0, -30)) })).rejects.toThrow(
      /t\.json, record 10, byte \d+: the JSON ends inside a value/,
    );
    await expect(texts({ path: write("v.json", '[{"text": "a"}, {"text": tru}]') })).rejects.toThrow(
      /v\.json, record 2: invalid JSON/,
    );
    await expect(texts({ path: write("wiki_02", '<doc id="1" title="T">\nT\n') })).rejects.toThrow(
      /wiki_02, line 1: the dump ends inside an article/,
    );
  });

  it("names a CSV record with a quote that never closes, or that opens inside", async () => {
    const path = write("q.csv", 'text\nfine\n"never closed\nmore\n');
    await expect(texts({ path })).rejects.toThrow(/q\.csv, line \d+: /);
    const inches = write("inches.csv", 'text\nfine\na 5" pipe\n');
    await expect(texts({ path: inches })).rejects.toThrow(/inches\.csv, line 3: .*set quote to false if quotes are/);
    expect(await texts({ path: inches, quote: false })).toEqual(["fine", 'a 5" pipe']);
  });

  it("names the row group of a corrupt Parquet file, and a file without its footer", async () => {
    const rows = good(300).map(({ text }, n) => `${text} ${(n * 2654435761) % 4294967296}`);
    const file = Buffer.from(
      parquetWriteBuffer({ columnData: [{ name: "text", data: rows, type: "STRING" }], rowGroupSize: 100 }),
    );
    const cut = write("cut.parquet", file.subarray(0, -100));
    await expect(texts({ path: cut })).rejects.toThrow(/cut\.parquet, byte \d+: no readable Parquet footer/);
    const damaged = Buffer.from(file);
    damaged.fill(0xff, 4, 60);
    const path = write("damaged.parquet", damaged);
    await expect(texts({ path })).rejects.toThrow(/damaged\.parquet, row group 0, rows 0 to 99: damaged row group/);
    const source = fileDocuments({ path, maxBadShare: 0.5 });
    expect(await collect(source)).toHaveLength(200);
    expect(source.report()).toMatchObject({ badRecords: 100, documents: 200 });
  });
});
