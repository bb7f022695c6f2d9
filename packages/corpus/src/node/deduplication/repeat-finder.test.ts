import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scriptScanner } from "./anchors.ts";
import { readAnchors, writeAnchors } from "./anchors-file.ts";
import { createAnchorScanner } from "./anchors-in-wasm.ts";
import { createRepeatFinder } from "./repeat-finder.ts";
import { writeRuns } from "./run-files.ts";
import { createWindowTable } from "./window-table.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cramkit-repeats-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes all runs of the texts to a file, and returns their windows. */
const runsOf = (path: string, texts: readonly string[], windowBytes: number): number => {
  const scanner = scriptScanner(windowBytes);
  const file = writeRuns(path, 1 << 12);
  let [start, windows] = [0, 0];
  for (const text of texts) {
    const bytes = Buffer.from(text);
    scanner.scan(bytes, ({ count, hashes, firsts, lasts, places }) => {
      for (let n = 0; n < count; n++) {
        const [first, last] = [firsts[n]!, lasts[n]!];
        const covered = bytes.subarray(first, last + windowBytes);
        const place = places[n]! - first;
        file.add({ start: start + first, count: last - first + 1, hash: hashes[n]!, place, bytes: covered });
        windows += last - first + 1;
      }
    });
    start += bytes.length;
  }
  file.close();
  return windows;
};

/** Bytes of the corpus that are covered. */
const covered = (find: (found: (start: number, length: number) => void) => void, bytes: number): string => {
  const marks = new Uint8Array(bytes);
  find((start, length) => marks.fill(1, start, start + length));
  return marks.join("");
};

describe("createRepeatFinder", () => {
  it("finds what the table of windows finds, however many runs of an anchor it compares and holds at once", () => {
    const word = fc.oneof(
      fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 30 }),
      fc.constantFrom("abcdefgh", "abcdefghi", "cdefghijkl", "xy", "aaaaaaaaaaaaaaaaaaaa"),
    );
    const texts = fc.array(
      fc.array(word, { maxLength: 12 }).map((parts) => parts.join("")),
      { maxLength: 12 },
    );
    const path = join(folder, "runs");
    fc.assert(
      fc.property(
        texts,
        fc.integer({ min: 8, max: 24 }),
        fc.constantFrom(1, 2, 3, 32),
        fc.constantFrom("first" as const, "none" as const),
        fc.constantFrom(5, 50, 1 << 12),
        (all, windowBytes, mostRuns, keep, maxWindows) => {
          const windows = runsOf(path, all, windowBytes);
          fc.pre(windows > 0); // without runs there is no file
          const bytes = all.join("").length;
          const table = createWindowTable(windowBytes, 1 << 20, keep);
          const finder = createRepeatFinder({ windowBytes, maxWindows, keep, mostRuns });
          const expected = covered((found) => table.find(path, { windows, isWanted: () => true, found }), bytes);
          // A finder is used for one file after the other.
          for (let time = 0; time < 2; time++)
            expect(covered((found) => finder.find(path, windows, found), bytes)).toBe(expected);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("anchors of documents in a file", () => {
  it("come back as they were, document by document", () => {
    const scanner = createAnchorScanner(75);
    const letters = (length: number, step: number) =>
      Buffer.from(Array.from({ length }, (_, n) => 97 + ((Math.imul(n, step) >>> 9) % 26)));
    const documents = [0, 10, 74, 75, 76, 5000, 0, 700_000, 300].map((length) => letters(length, 0x9e3779b1));
    documents.push(Buffer.alloc(400_000, "a")); // an anchor a window
    const path = join(folder, "anchors");
    const writer = writeAnchors(path);
    const listOf = (visiting: (visit: Parameters<typeof scanner.scan>[1]) => void) => {
      const list: number[] = [];
      visiting(({ count, hashes, firsts, lasts, places }) => {
        for (let n = 0; n < count; n++) list.push(hashes[n]!, firsts[n]!, lasts[n]!, places[n]!);
      });
      return list;
    };
    const expected = documents.map((bytes) => {
      scanner.scan(bytes, (anchors) => writer.add(anchors));
      writer.endDocument();
      return listOf((visit) => scanner.scan(bytes, visit));
    });
    writer.close();
    const reader = readAnchors(path);
    for (const list of expected) expect(listOf((visit) => reader.nextDocument(visit))).toEqual(list);
    expect(() => reader.nextDocument(() => {})).toThrow(/ends inside/);
    reader.close();
  });
});
