import { expect, it } from "vitest";
import { reportLines } from "./inspect.ts";

it("shows what became of the text: sources, bad input, filters, with examples", () => {
  const count = (documents: number, characters: number) => ({ documents, characters });
  const lines = reportLines({
    sources: [
      {
        ...{ name: "books", epochs: 1, ...count(1200, 34_567) },
        read: {
          ...{ files: 3, unwanted: 0, badRecords: 2, brokenFiles: 1, ...count(1200, 34_567) },
          examples: [
            { file: "a.jsonl", place: "line 7", reason: "invalid UTF-8" },
            { file: "b.gz", place: "at or before byte 99", reason: "damaged" },
          ],
        },
      },
      { name: "pages", epochs: 2, ...count(1, 10) },
    ],
    filters: [
      {
        filter: "repeated documents",
        kept: count(1100, 30_000),
        dropped: count(101, 4577),
        changed: count(0, 0),
        examples: [{ source: "a.jsonl", id: "7", reason: "repeats an earlier one", text: `line\n${"x".repeat(200)}` }],
      },
      { filter: "cleaning", kept: count(1, 1), dropped: count(0, 0), changed: count(1, 5), examples: [] },
    ],
    ...count(1100, 30_000),
  });
  expect(lines).toEqual([
    "",
    "source books: 1,200 documents (34,567 characters)",
    "  2 bad records skipped, 1 of 3 files broken",
    "  a.jsonl, line 7: invalid UTF-8",
    "  b.gz, at or before byte 99: damaged",
    "source pages: 1 documents (10 characters), read 2 times",
    "repeated documents: kept 1,100 documents (30,000 characters), dropped 101 documents (4,577 characters)",
    `  a.jsonl 7, repeats an earlier one: "line ${"x".repeat(95)}..."`,
    "cleaning: kept 1 documents (1 characters), dropped 0 documents (0 characters)",
    "  shortened 1 documents (5 characters)",
    "before compressibility and holding out: 1,100 documents (30,000 characters)",
  ]);
});
