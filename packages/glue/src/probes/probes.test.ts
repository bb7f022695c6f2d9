import { describe, expect, it } from "vitest";
import type { Example, TaskData } from "../tasks/task.ts";
import { acceptabilityProbe } from "./acceptability-probe.ts";
import { continuityProbe } from "./continuity-probe.ts";
import { passages } from "./sentences.ts";

const everywhere = "This very sentence stands in each one of the documents.";
/** Forty documents of five sentences each; no sentence occurs twice, but for one that is in all. */
const documents = Array.from({ length: 40 }, (_, document) =>
  Array.from(
    { length: 5 },
    (_, i) => `In tale ${letters(document)} the hero of part ${letters(i)} walks slowly home again.`,
  )
    .concat(everywhere)
    .join(" "),
);

describe("passages", () => {
  it("cuts prose into neighbouring sentences and leaves out what is none", () => {
    const document = [
      "# A title of six or more words here",
      "",
      "The first sentence has some six words. The second one is also long enough! Too short. Another sentence that",
      "runs over two lines of text.",
      "",
      "Call `f(1, 2)` => 3; x[0] += 1 && y. Is this question long enough to stay? It is, said the man.",
    ].join("\n");
    expect(passages(document)).toEqual([
      ["The first sentence has some six words.", "The second one is also long enough!"],
      ["Another sentence that runs over two lines of text."],
      ["Is this question long enough to stay?"],
    ]);
    expect(passages(document, { minWords: 5, maxWords: 8 }).flat()).toContain("It is, said the man.");
  });
});

describe.each([
  ["acceptability", acceptabilityProbe],
  ["continuity", continuityProbe],
])("%s probe", (name, probe) => {
  const data = probe(documents, { seed: 3 });

  it("is a task like others, and says that it is a probe", () => {
    expect(data.task).toMatchObject({ name, probe: true, metrics: ["accuracy"] });
    expect(data.evaluations.map(({ name }) => name)).toEqual(["dev"]);
  });

  it("is balanced on both sides", () => {
    for (const examples of sides(data)) {
      expect(examples.length).toBeGreaterThan(20);
      expect(examples.filter(({ label }) => label === 1).length * 2).toBe(examples.length);
    }
  });

  it("has no sentence on both sides", () => {
    const [train, dev] = sides(data).map((examples) => new Set(examples.filter((e) => e.label === 1).flatMap(texts)));
    for (const text of dev!) expect(train).not.toContain(text);
  });

  it("is a function of the seed", () => {
    expect(probe(documents, { seed: 3 })).toEqual(data);
    expect(probe(documents, { seed: 4 })).not.toEqual(data);
  });

  it("keeps to the asked number of examples", () => {
    const small = probe(documents, { maxTrain: 30, maxDev: 11 });
    expect(small.train.length).toBeLessThanOrEqual(30);
    expect(small.train.length).toBeGreaterThanOrEqual(20);
    expect(small.evaluations[0]!.examples.length).toBeLessThanOrEqual(10);
  });

  it("says when documents hold too little", () => {
    expect(() => probe([])).toThrow(/expected sentences for its train set in 0 documents, found none/);
    expect(() => probe(documents.slice(0, 1))).toThrow(/pass more documents/);
  });
});

describe("acceptability probe", () => {
  it("holds each sentence and its shuffled words in the same set", () => {
    for (const examples of sides(acceptabilityProbe(documents))) {
      for (let i = 0; i < examples.length; i += 2) {
        const [real, shuffled] = [examples[i]!, examples[i + 1]!];
        expect([real.label, shuffled.label]).toEqual([1, 0]);
        expect(shuffled.text).not.toBe(real.text);
        expect(shuffled.text.split(" ").sort()).toEqual(real.text.split(" ").sort());
        expect(shuffled.text.split(" ")[0]).toBe(real.text.split(" ")[0]);
        expect(shuffled.text.split(" ").at(-1)).toBe(real.text.split(" ").at(-1));
        expect(documents.some((document) => document.includes(real.text))).toBe(true);
      }
    }
  });
});

describe("continuity probe", () => {
  it("gives each sentence its successor once, and once a sentence of another document", () => {
    for (const examples of sides(continuityProbe(documents))) {
      const of = (label: number) => examples.filter((example) => example.label === label);
      for (const { text, pair } of of(1))
        expect(documents.some((document) => document.includes(`${text} ${pair}`))).toBe(true);
      for (const { text, pair } of of(0))
        expect(documents.some((each) => each.includes(text) && each.includes(pair!) && pair !== everywhere)).toBe(
          false,
        );
      expect(of(1).map(({ text }) => text)).toEqual(of(0).map(({ text }) => text));
      expect(
        of(1)
          .map(({ pair }) => pair)
          .sort(),
      ).toEqual(
        of(0)
          .map(({ pair }) => pair)
          .sort(),
      );
    }
  });

  it("never takes more than half of its pairs from one document", () => {
    const long = documents.slice(0, 30).join(" ");
    const { train } = continuityProbe([long, ...documents.slice(30)], { devFraction: 0.2, seed: 1 });
    const own = train.filter(({ text, label }) => label === 1 && long.includes(text)).length;
    expect(own * 4).toBeLessThanOrEqual(train.length);
  });
});

function sides({ train, evaluations }: TaskData): (readonly Example[])[] {
  return [train, evaluations[0]!.examples];
}

function texts({ text, pair }: Example): string[] {
  return pair === undefined ? [text] : [text, pair];
}

/** A number as a word: `ba` for 1, `bca` for 12. */
function letters(value: number): string {
  return `q${[...String(value)].map((digit) => "abcdefghij"[Number(digit)]).join("")}`;
}
