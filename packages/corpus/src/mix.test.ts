import { describe, expect, it } from "vitest";
import { collect } from "./collect.ts";
import { composeCorpus } from "./compose.ts";
import type { Document } from "./document.ts";
import { lengthBetween } from "./filters/length.ts";
import { mixDocuments } from "./mix.ts";
import { restartable } from "./restartable.ts";
import { joinSuccessive, takeDocuments } from "./select.ts";

const numbered = (letter: string, count: number, characters: number): AsyncIterable<Document> =>
  restartable(async function* () {
    for (let index = 0; index < count; index++) yield { text: letter.repeat(characters), id: String(index) };
  });

const shares = (documents: Document[]) => {
  const all: Record<string, number> = {};
  for (const { text, source = "" } of documents) all[source] = (all[source] ?? 0) + text.length;
  return all;
};

describe("mixDocuments", () => {
  const sources = [
    { name: "a", documents: numbered("a", 1000, 10), weight: 3 },
    { name: "b", documents: numbered("b", 1000, 25), weight: 1 },
  ];

  it("holds the shares of characters everywhere, in the order of each source", async () => {
    const mixed = mixDocuments(sources, { atEnd: "stop" });
    const documents = await collect(mixed);
    for (const end of [50, 200, 1000]) {
      const { a = 0, b = 0 } = shares(documents.slice(0, end));
      expect(Math.abs(a - 3 * b)).toBeLessThanOrEqual(75);
    }
    expect(documents.filter(({ source }) => source === "a").map(({ id }) => Number(id))).toEqual([
      ...Array(1000).keys(),
    ]);
    expect(mixed.report()).toMatchObject([
      { name: "a", documents: 1000, epochs: 1 },
      { name: "b", epochs: 0 },
    ]);
    expect(await collect(mixed)).toEqual(documents);
  });

  it("goes on with the others, or repeats the short ones", async () => {
    expect(shares(await collect(mixDocuments(sources)))).toEqual({ a: 10_000, b: 25_000 });
    const repeated = mixDocuments(sources, { atEnd: "repeat" });
    const { a = 0, b = 0 } = shares(await collect(repeated));
    expect(b).toBe(25_000);
    expect(Math.abs(a - 75_000)).toBeLessThanOrEqual(75);
    const empty = { name: "none", documents: numbered("", 0, 0) };
    expect(await collect(mixDocuments([empty, ...sources], { atEnd: "repeat" }))).not.toHaveLength(0);
    expect(() => mixDocuments([{ ...empty, weight: 0 }])).toThrow(/expected a positive weight for none, got 0/);
  });
});

describe("mixDocuments that repeats", () => {
  it.each([
    ["a generator, which cannot start again", /expected once to give its documents again, got none; pass an iterable/],
    ["a source of empty texts", undefined],
  ])("does not turn in circles over %s", async (what, error) => {
    const generator = () => numbered("o", 3, 5)[Symbol.asyncIterator]() as AsyncGenerator<Document>;
    const documents = what.startsWith("a generator") ? generator() : numbered("", 3, 0);
    const sources = [
      { name: "once", documents },
      { name: "b", documents: numbered("b", 50, 10) },
    ];
    const mixed = collect(mixDocuments(sources, { atEnd: "repeat" }));
    if (error) await expect(mixed).rejects.toThrow(error);
    else expect(await mixed).toHaveLength(53);
  });
});

describe("selection", () => {
  it("takes a number of documents or characters", async () => {
    const documents = numbered("a", 100, 10);
    expect(await collect(takeDocuments(documents, { documents: 7 }))).toHaveLength(7);
    expect(await collect(takeDocuments(documents, { characters: 95 }))).toHaveLength(10);
    expect(await collect(takeDocuments(documents, { documents: 0 }))).toHaveLength(0);
  });

  it("joins successive documents", async () => {
    const joined = await collect(joinSuccessive(numbered("a", 10, 1), 4));
    expect(joined.map(({ text, id }) => text + id)).toEqual(["aaaa0", "aaaa4", "aa8"]);
    expect(() => joinSuccessive(numbered("a", 10, 1), 0)).toThrow(/expected count to be a positive integer, got 0/);
  });
});

describe("composeCorpus", () => {
  it("reports sources, filters and the result as plain JSON", async () => {
    const corpus = composeCorpus({
      sources: [
        { name: "short", documents: numbered("s", 10, 2) },
        { name: "long", documents: numbered("l", 10, 8) },
      ],
      filters: [lengthBetween({ minCharacters: 4 }), lengthBetween({ maxCharacters: 6 }), lengthBetween()],
    });
    for (let times = 0; times < 2; times++) {
      expect(await collect(corpus)).toEqual([]);
      const report = corpus.report();
      expect(JSON.parse(JSON.stringify(report))).toEqual(report);
      expect(report).toMatchObject({
        sources: [
          { name: "short", documents: 10 },
          { name: "long", documents: 10 },
        ],
        filters: [{ dropped: { documents: 10 } }, { dropped: { documents: 10 } }, { kept: { documents: 0 } }],
        documents: 0,
      });
    }
  });
});
