import { expect, it } from "vitest";
import { collect } from "../collect.ts";
import { type QualityOptions, quality, qualityProblem } from "./quality.ts";

const sentence = "The river runs to the sea and with it go the boats that have been waiting.";
const prose = new Array(10).fill(sentence).map((line, i) => `${i} ${line}`);

/** All rules off but for what a test is about. */
const off: Required<QualityOptions> = {
  minWords: 0,
  maxWords: Number.POSITIVE_INFINITY,
  minWordLength: 0,
  maxWordLength: Number.POSITIVE_INFINITY,
  maxSymbols: Number.POSITIVE_INFINITY,
  minLetterWords: 0,
  minStopWords: 0,
  maxBulletLines: 1,
  maxEllipsisLines: 1,
  maxRepeatedLines: 1,
  minSentenceLines: 0,
};

it("keeps prose, and with every rule off everything", () => {
  expect(qualityProblem()(prose.join("\n"))).toBeUndefined();
  for (const text of ["", " ", "\n\n", "#", "0 0 0", "- a\n- a", "\ud800"])
    expect(qualityProblem(off)(text)).toBeUndefined();
});

it.each<[keyof QualityOptions, number, string, string, string]>([
  ["minWords", 3, "one two", "one two three", "2 words"],
  ["maxWords", 2, "one two three", "one two", "3 words"],
  ["minWordLength", 3, "a ab abc", "abc abc", "words of 2.0 characters on average"],
  ["maxWordLength", 3, "abcd abcd", "abc abc", "words of 4.0 characters on average"],
  ["maxSymbols", 0.5, "#one two... \u2026three", "#one two three", "3 hash signs and ellipses in 3 words"],
  ["minLetterWords", 0.5, "1 2 three", "1 two", "33 % of the words have a letter"],
  ["minStopWords", 2, "The the cat", "The end of it", "1 of the common English words"],
  ["maxBulletLines", 0.5, "- a\n\u2022 b\nc", "- a\nb", "67 % of the lines begin with a bullet"],
  ["maxEllipsisLines", 0.5, "a...\nb\u2026\nc", "a...\nb", "67 % of the lines end with an ellipsis"],
  ["maxRepeatedLines", 0.3, "a\n a\nb", "a\n\n\nb", "33 % of the lines are repeated"],
  ["minSentenceLines", 0.5, "a.\nb\nc", "a.\nb", "33 % of the lines end a sentence"],
])("%s drops what is beyond it, and keeps what is at it", (option, bound, dropped, kept, reason) => {
  const problemOf = qualityProblem({ ...off, [option]: bound });
  expect(problemOf(dropped)).toBe(reason);
  expect(problemOf(kept)).toBeUndefined();
  expect(qualityProblem(off)(dropped)).toBeUndefined();
});

it("has the published bounds", () => {
  const problemOf = qualityProblem();
  const repeated = (count: number) => [...prose, ...prose.slice(0, count)].join("\n");
  expect(problemOf(repeated(4))).toBeUndefined();
  expect(problemOf(repeated(5))).toBe("33 % of the lines are repeated");
  expect(problemOf(sentence)).toBe("16 words");
  expect(problemOf(prose.map((line) => `- ${line}`).join("\n"))).toBe("100 % of the lines begin with a bullet");
  expect(problemOf(prose.map((line) => line.replace(".", "")).join("\n"))).toBe("0 % of the lines end a sentence");
});

it("takes time that grows with the text", () => {
  for (const part of [" ", "#", "...", "\n", "a", "- ", "\t "])
    expect(() => qualityProblem()(part.repeat(1_000_000))).not.toThrow();
});

it("is a filter that says why", async () => {
  const texts = [prose.join("\n"), "menu\nhome"];
  const filtered = quality()(
    (async function* () {
      for (const text of texts) yield { text };
    })(),
  );
  expect((await collect(filtered)).map(({ text }) => text)).toEqual(texts.slice(0, 1));
  expect(filtered.report()).toMatchObject({
    filter: "quality by rules on words and lines",
    dropped: { documents: 1 },
    examples: [{ reason: "2 words" }],
  });
});

it("refuses bounds that cannot hold", () => {
  expect(() => quality({ minWords: -1 })).toThrow("expected minWords to be at least 0, got -1");
  expect(() => quality({ maxRepeatedLines: 2 })).toThrow("expected maxRepeatedLines to be a share of 0 to 1, got 2");
  expect(() => quality({ minLetterWords: Number.NaN })).toThrow("expected minLetterWords");
  expect(() => quality({ maxword: 1 } as object)).toThrow("maxword");
});
