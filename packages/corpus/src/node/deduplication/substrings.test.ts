import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect } from "../../collect.ts";
import type { Document } from "../../document.ts";
import { deduplicateSubstrings, type SubstringDeduplicationOptions } from "./substrings.ts";

let workFolder: string;
beforeAll(() => {
  workFolder = mkdtempSync(join(tmpdir(), "cramkit-substrings-"));
});
afterAll(() => rmSync(workFolder, { recursive: true }));

async function* stream(texts: string[]): AsyncGenerator<Document> {
  for (const [index, text] of texts.entries()) yield { text, source: "test", id: String(index) };
}

const deduplicate = async (texts: string[], options: SubstringDeduplicationOptions = {}) => {
  const filtered = deduplicateSubstrings({ workFolder, ...options })(stream(texts));
  const documents = await collect(filtered);
  return { texts: documents.map(({ text }) => text), ids: documents.map(({ id }) => id), report: filtered.report() };
};

/** The definition, over ASCII: every window is compared with every earlier one. */
const byDefinition = (texts: string[], minBytes: number): string[] => {
  const first = new Map<string, number>();
  let start = 0;
  return texts
    .map((text) => {
      const covered = new Uint8Array(text.length);
      for (let index = 0; index + minBytes <= text.length; index++) {
        const window = text.slice(index, index + minBytes);
        const earliest = first.get(window);
        if (earliest === undefined) first.set(window, start + index);
        else if (earliest + minBytes <= start + index) covered.fill(1, index, index + minBytes);
      }
      start += text.length;
      return [...text].filter((_, index) => !covered[index]).join("");
    })
    .filter((text, index) => text === texts[index] || text.trim() !== "");
};

/** The definition without a copy that stays: every window that stands twice goes, wherever it stands. */
const withoutAllCopies = (texts: string[], minBytes: number): string[] => {
  const windowsOf = (text: string) =>
    Array.from({ length: Math.max(0, text.length - minBytes + 1) }, (_, index) => text.slice(index, index + minBytes));
  const counts = new Map<string, number>();
  for (const window of texts.flatMap(windowsOf)) counts.set(window, (counts.get(window) ?? 0) + 1);
  return texts
    .map((text) => {
      const covered = new Uint8Array(text.length);
      for (const [index, window] of windowsOf(text).entries())
        if (counts.get(window)! > 1) covered.fill(1, index, index + minBytes);
      return [...text].filter((_, index) => !covered[index]).join("");
    })
    .filter((text, index) => text === texts[index] || text.trim() !== "");
};

/** Text in which no 30 characters repeat. */
const uniqueText = (length: number, seed: number): string => {
  let state = seed * 2654435761 + 1;
  let text = "";
  while (text.length < length) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    text += `${state.toString(36)} `;
  }
  return text.slice(0, length);
};

describe("deduplicateSubstrings", () => {
  it("removes what the definition removes, for texts of few letters, in any amount of memory", async () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 60 });
    const repeated = fc.tuple(word, fc.integer({ min: 1, max: 8 })).map(([text, times]) => text.repeat(times));
    const texts = fc.array(
      fc.array(fc.oneof(word, repeated), { maxLength: 6 }).map((parts) => parts.join("")),
      {
        maxLength: 8,
      },
    );
    const settings = fc.record({
      minBytes: fc.integer({ min: 8, max: 30 }),
      memoryBytes: fc.constantFrom(64, 1 << 16),
    });
    await fc.assert(
      fc.asyncProperty(texts, settings, async (texts, { minBytes, memoryBytes }) => {
        expect((await deduplicate(texts, { minBytes, memoryBytes })).texts).toEqual(byDefinition(texts, minBytes));
        const none = await deduplicate(texts, { minBytes, memoryBytes, keep: "none" });
        expect(none.texts).toEqual(withoutAllCopies(texts, minBytes));
      }),
      { numRuns: 100 },
    );
  });

  it("finds planted copies of 75 bytes and more, inside and across documents, and none below", async () => {
    const lengths = [60, 61, 70, 73, 74, 75, 76, 77, 100, 149, 150, 151, 500, 4999, 5000];
    const texts: string[] = [];
    const expected: string[] = [];
    for (const [index, length] of lengths.entries()) {
      const planted = uniqueText(length, 1000 + index);
      const [before, after, other] = [1, 2, 3].map((part) => uniqueText(333 + index, 50 * part + index));
      // "<" and ">" keep the neighbours of the copies from being equal by chance.
      texts.push(`${before}<${planted}>${after}(${planted})end`, `${other}[${planted}]${length}`);
      const copy = length >= 75 ? "" : planted;
      expected.push(`${before}<${planted}>${after}(${copy})end`, `${other}[${copy}]${length}`);
    }
    for (const memoryBytes of [64, 64 << 20]) {
      const { texts: found, report } = await deduplicate(texts, { memoryBytes });
      expect(found).toEqual(expected);
      expect(report.changed.documents).toBe(2 * lengths.filter((length) => length >= 75).length);
      expect(report.examples[0]).toMatchObject({
        source: "test",
        id: "10",
        reason: expect.stringMatching(/^repeated/),
      });
    }
  });

  it("does not match across the borders of documents, and drops a document of which nothing is left", async () => {
    const [a, b, c] = [1, 2, 3].map((seed) => uniqueText(60, seed)) as [string, string, string];
    const result = await deduplicate([a, b + c, a + b, b + c, `${b}${c} `]);
    expect(result.texts).toEqual([a, b + c, a + b]);
    expect(result.ids).toEqual(["0", "1", "2"]);
    expect(result.report).toMatchObject({
      kept: { documents: 3, characters: 300 },
      dropped: { documents: 2, characters: 241 },
    });
  });

  it("removes whole characters only", async () => {
    const signs = Array.from({ length: 20 }, (_, index) => `\u00e4${String.fromCodePoint(0x4e2d + index)}\u{1f600}`);
    const shared = signs.join("") + uniqueText(80, 9);
    // In UTF-8 the copies begin and end with a part of a character more: c3 a4 | c3 a5 share c3, 96 ends other signs.
    const { texts } = await deduplicate([`\u00e4${shared}\u00e5`, `\u00e5${shared}\u00e4!`, `\u01a4${shared}\u00e6`]);
    expect(texts).toEqual([`\u00e4${shared}\u00e5`, "\u00e5\u00e4!", "\u01a4\u00e6"]);
  });

  it("keeps the first copy of a periodic text", async () => {
    const { texts } = await deduplicate(["=".repeat(500), "-=".repeat(300), `x${"=".repeat(100)}y`]);
    expect(texts).toEqual(["=".repeat(75), "-=".repeat(38), "xy"]);
  });

  it("leaves nothing behind, at the end and when its reader stops", async () => {
    const texts = [uniqueText(100, 1), uniqueText(100, 2)];
    for await (const _ of deduplicateSubstrings({ workFolder })(stream(texts))) break;
    await deduplicate(texts);
    expect((await deduplicate([])).texts).toEqual([]);
    expect((await deduplicate([""])).texts).toEqual([""]);
    expect(readdirSync(workFolder)).toEqual([]);
    expect(() => deduplicateSubstrings({ minBytes: 3 })).toThrow(/expected minBytes of 8 to 65536, got 3/);
  });
});
