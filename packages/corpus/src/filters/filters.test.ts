import { describe, expect, it } from "vitest";
import { collect } from "../collect.ts";
import type { Document } from "../document.ts";
import { restartable } from "../restartable.ts";
import { clean, referenceCleaning } from "./clean.ts";
import { compressible } from "./compressibility.ts";
import { decontaminate } from "./decontaminate.ts";
import { deduplicateDocuments } from "./duplicates.ts";
import type { DocumentFilter } from "./filter.ts";
import { createHashSet } from "./hash-set.ts";
import { lengthBetween } from "./length.ts";

const stream = (texts: string[]): AsyncIterable<Document> =>
  restartable(async function* () {
    for (const [index, text] of texts.entries()) yield { text, source: "test", id: String(index) };
  });

const apply = async (filter: DocumentFilter, texts: string[]) => {
  const filtered = filter(stream(texts));
  const documents = await collect(filtered);
  return { texts: documents.map(({ text }) => text), report: filtered.report() };
};

describe("clean", () => {
  it("takes time that grows with the text, whatever is in it", async () => {
    for (const sign of ["\t", " \t", "\u00a0", "\r", "\n\t", "`"]) {
      const { texts } = await apply(clean({ plainQuotes: true }), [`a${sign.repeat(2_000_000 / sign.length)}b`]);
      expect(texts).toHaveLength(1);
    }
    expect((await apply(clean(), ["a \t \nb\t\t\n\n\n\nc\t "])).texts).toEqual(["a\nb\n\nc\t "]);
  });
});

describe("filters", () => {
  it("count what they keep, drop and change, anew at each iteration, with examples", async () => {
    const filtered = lengthBetween({ minCharacters: 3, maxCharacters: 5 })(stream(["ab", "abc", "abcde", "abcdef"]));
    for (let times = 0; times < 2; times++) {
      expect((await collect(filtered)).map(({ text }) => text)).toEqual(["abc", "abcde"]);
      expect(filtered.report()).toEqual({
        filter: "length of 3 to 5 characters",
        kept: { documents: 2, characters: 8 },
        dropped: { documents: 2, characters: 8 },
        changed: { documents: 0, characters: 0 },
        examples: [
          { source: "test", id: "0", text: "ab", reason: "2 characters" },
          { source: "test", id: "3", text: "abcdef", reason: "6 characters" },
        ],
      });
    }
  });

  it("keep few and short examples", async () => {
    const { report } = await apply(lengthBetween({ maxCharacters: 10 }), new Array(100).fill("x".repeat(5000)));
    expect(report.examples).toHaveLength(5);
    expect(report.examples[0]?.text).toHaveLength(200);
  });

  it("drop what a tokenizer does not compress", async () => {
    const countTokens = async (text: string) => text.split(" ").length;
    const { texts, report } = await apply(compressible({ countTokens }), ["words of some length here", "a b c d", ""]);
    expect(texts).toEqual(["words of some length here"]);
    expect(report.examples[0]?.reason).toBe("4 tokens in 7 characters");
    const thrownAway = () => ({ tokens: 2, uncompressed: 9 });
    expect(
      (await apply(compressible({ countTokens: thrownAway }), ["\u0442\u0435\u043a\u0441\u0442 . ."])).report
        .examples[0],
    ).toMatchObject({
      reason: "2 tokens and 9 characters in none in 9 characters",
    });
    // The bound itself is dropped: tokens < cutoff * characters, as the reference has it.
    expect((await apply(compressible({ countTokens: () => 1 }), ["1234", "12345"])).texts).toEqual(["12345"]);
  });

  it("drop documents that occurred before", async () => {
    const { texts, report } = await apply(deduplicateDocuments(), ["a", "b", "a", "A", "b"]);
    expect(texts).toEqual(["a", "b", "A"]);
    expect(report.dropped.documents).toBe(2);
    expect((await apply(deduplicateDocuments({ key: (text) => text.toLowerCase() }), ["a", "A"])).texts).toEqual(["a"]);
  });

  it("drop documents that share 13 words in a row with an evaluation set", async () => {
    const words = Array.from({ length: 40 }, (_, index) => `word${index}`);
    const evaluation = [{ text: words.slice(0, 20).join(" ") }, { text: "too short to matter" }];
    const shared = (from: number, to: number) => `Before, ${words.slice(from, to).join(", ").toUpperCase()}! after`;
    const texts = [shared(0, 12), shared(3, 16), shared(7, 20), shared(8, 20), shared(20, 40), "too short to matter"];
    const { texts: kept, report } = await apply(decontaminate({ evaluation }), texts);
    expect(kept).toEqual([texts[0], texts[3], texts[4], texts[5]]);
    expect(report.examples[0]?.reason).toMatch(/^shares ".*WORD15"$/);
    expect((await apply(decontaminate({ evaluation, words: 4 }), ["is TOO short\nto matter?"])).texts).toEqual([]);
  });

  it("take signs of any script for what separates words", async () => {
    const evaluation = [{ text: "one two \u00c9t\u00e9 four" }];
    const texts = [
      "One \u2192 two\u3001\u00e9t\u00e9 \u20ac four",
      "one two \u00e9t\u00e9four",
      "one two e\u0301te\u0301 four",
    ];
    expect((await apply(decontaminate({ evaluation, words: 4 }), texts)).texts).toEqual(texts.slice(1));
  });

  it("find every run of a long text, wherever the text begins", async () => {
    const words = Array.from({ length: 300 }, (_, index) => (Math.imul(index + 1, 2654435761) >>> 0).toString(36));
    for (let from = 0; from + 13 <= 300; from += 7) {
      const evaluation = [{ text: words.slice(from, from + 13).join(" ") }];
      const texts = [words.join(" "), words.toSpliced(from + 6, 1).join(" "), `${from} ${words.slice(from).join("-")}`];
      expect((await apply(decontaminate({ evaluation }), texts)).texts).toEqual([texts[1]]);
    }
  });
});

describe("clean", () => {
  it("normalises, removes controls and spare spaces by default, and counts the changed", async () => {
    const dirty = "e\u0301\r\nzero\u200bwidth\u00a0 and\tbell\u0007  x \n\n\n\ny\ufeff";
    const { texts, report } = await apply(clean(), [dirty, "already clean\n\nas \u00e9t\u00e9 is", "\u0007"]);
    expect(texts).toEqual(["\u00e9\nzerowidth and\tbell x\n\ny", "already clean\n\nas \u00e9t\u00e9 is"]);
    expect(report).toMatchObject({ changed: { documents: 1 }, dropped: { documents: 1 } });
    // Marks that steer the direction of text, and others without a width.
    expect((await apply(clean(), ["a\u2066b\u2069c\u061cd\u180ee\u206ff"])).texts).toEqual(["abcdef"]);
  });

  it("has the steps of the reference", async () => {
    const text = "``\u00c9t\u00e9'' \u2014  \u4e2d Na\u00efve";
    expect((await apply(clean(referenceCleaning), [text])).texts).toEqual(['"ete"   naive']);
    expect((await apply(clean({ removeSpaces: true }), ["a b\n c"])).texts).toEqual(["abc"]);
    expect((await apply(clean({ unicode: false, stripControls: false, collapseSpaces: false }), [text])).texts).toEqual(
      [text],
    );
  });
});

describe("createHashSet", () => {
  it("behaves as a set while it grows, with zeros among its members", () => {
    const set = createHashSet();
    const reference = new Set<string>();
    for (let index = 0; index < 20_000; index++) {
      const [high, low] = [Math.imul(index % 7000, 0x9e3779b1) >>> 0, (index % 3500) & 1 ? 0 : index % 7000];
      expect(set.add(high, low)).toBe(!reference.has(`${high} ${low}`));
      reference.add(`${high} ${low}`);
    }
    expect(set.size).toBe(reference.size);
    expect(set.has(0, 0)).toBe(true);
    expect(set.has(1, 1)).toBe(false);
  });
});
