import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Dialect, type Row, separatedRows } from "./separated-rows.ts";

const comma: Dialect = { delimiter: ",", quote: '"', escape: '"' };

/** Every row of a text in chunks of so many bytes, with all its fields. */
const rows = async (text: string, dialect = comma, chunkBytes = 7): Promise<Row[]> => {
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const found: Row[] = [];
  for await (const row of separatedRows(chunks(), "table", dialect, { keeps: () => true, columns: Infinity })) {
    found.push({ ...row, fields: new Map([...row.fields].map(([at, field]) => [at, Buffer.from(field)])) });
  }
  return found;
};

const texts = (row: Row) => [...row.fields.values()].map(String);

const fields = async (text: string, dialect = comma, chunkBytes = 7): Promise<string[][]> =>
  (await rows(text, dialect, chunkBytes)).map(texts);

describe("separatedRows", () => {
  it("reads what csv-parse reads, whatever is in the fields and wherever chunks are cut", async () => {
    const field = fc.stringMatching(/^[ab,;"\n\r\t\u00e9\0 ]{0,6}$/);
    const table = fc.array(fc.array(field, { minLength: 1, maxLength: 4 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.constantFrom("\n", "\r\n"),
        fc.boolean(),
        fc.nat(12),
        async (table, end, ends, size) => {
          const written = table.map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(",")).join(end);
          const text = ends ? written + end : written;
          const expected = parse(text, {
            relax_column_count: true,
            skip_empty_lines: true,
            record_delimiter: ["\r\n", "\n"],
          });
          expect(await fields(text, comma, size + 1)).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("reads unquoted fields as csv-parse does", async () => {
    const field = fc.stringMatching(/^[ab;\t\u00e9\0 ]{0,6}$/);
    const table = fc.array(fc.array(field, { minLength: 1, maxLength: 4 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(table, fc.constantFrom("\n", "\r\n"), fc.nat(12), async (table, end, size) => {
        const text = table.map((row) => row.join(",")).join(end);
        const expected = parse(text, {
          relax_column_count: true,
          skip_empty_lines: true,
          record_delimiter: ["\r\n", "\n"],
        });
        expect(await fields(text, comma, size + 1)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it("takes a backslash for an escape where it is told to, at any cut", async () => {
    const backslash = { ...comma, escape: "\\" };
    for (let size = 1; size < 12; size++) {
      expect(await fields('"a \\"b\\" \\\\ c\\n",d\n', backslash, size)).toEqual([['a "b" \\ c\\n', "d"]]);
    }
  });

  it("counts lines, also inside of quotes, and leaves empty ones out", async () => {
    for (let size = 1; size < 9; size++) {
      const found = await rows('a,b\r\n\r\n"1\n2",c\n\n\nd,e\r', comma, size);
      expect(found.map(({ line }) => line)).toEqual([1, 3, 7]);
      expect(found.map(texts)).toEqual([
        ["a", "b"],
        ["1\n2", "c"],
        ["d", "e"],
      ]);
    }
  });

  it("ends a row whose quotes contradict each other with its line, and goes on", async () => {
    for (let size = 1; size < 9; size++) {
      const found = await rows('a 5" b,c\n"x"y,z\n"p"\r,q\nfine\n', comma, size);
      expect(found.map(({ bad, line }) => [line, bad?.slice(0, 24)])).toEqual([
        [1, "a quote inside of a fiel"],
        [2, "text after a closing quo"],
        [3, "text after a closing quo"],
        [4, undefined],
      ]);
    }
  });

  it("throws where a quote never closes, at the line where it opens", async () => {
    await expect(rows('a\n"b\nc\n')).rejects.toThrow(/^table, line 2: a quote opens here and never closes; set quote/);
    await expect(rows('a\n"b\nc\n')).rejects.toMatchObject({ details: { option: "quote" } });
    await expect(rows('a\n"b""')).rejects.toThrow("line 2: a quote opens here and never closes");
  });

  it("keeps nothing of the fields that nobody wants", async () => {
    async function* chunks() {
      yield Buffer.from(`${",".repeat(100_000)}x\nb`);
    }
    const wanted = { keeps: (field: number) => field === 2, columns: 3 };
    const found: Row[] = [];
    for await (const row of separatedRows(chunks(), "table", comma, wanted)) found.push(row);
    expect(found).toMatchObject([
      { count: 100_001, hasExtraText: true },
      { count: 1, hasExtraText: false },
    ]);
    expect(found.map(({ fields }) => fields.size)).toEqual([1, 0]);
  });
});
