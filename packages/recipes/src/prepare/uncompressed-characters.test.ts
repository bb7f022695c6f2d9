import { crammingTokenizerOptions, trainTokenizer } from "@cramkit/tokenizer";
import { expect, it } from "vitest";
import { sentences } from "../testing/tiny.testing.ts";
import { uncompressedCounter } from "./uncompressed-characters.ts";

const text = sentences(400).join(" ");
const russian =
  "\u0421\u044a\u0435\u0448\u044c \u0436\u0435 \u0435\u0449\u0451 \u044d\u0442\u0438\u0445 \u0431\u0443\u043b\u043e\u043a, \u0434\u0430 \u0432\u044b\u043f\u0435\u0439.";
const cases: [string, number][] = [
  [text, 0],
  [russian, 27],
  [`${text} ${russian}`, 27],
  ["\u4e2d\u6587\u3000\u6587", 3],
  ["\u{1f600} and", 2],
  ["caf\u00e9 na\u00efve cafe\u0301 a\u00a0b\u200b", 0], // accents and spaces are no loss
];

it("counts what a normaliser of ASCII removes", async () => {
  const tokenizer = await trainTokenizer([text, "abcdefghijklmnopqrstuvwxyz"], {
    ...crammingTokenizerOptions({ vocabSize: 120 }),
    size: "trained",
  });
  const count = uncompressedCounter(tokenizer);
  for (const [given, expected] of cases) expect(count(given, tokenizer.encodeIds(given))).toBe(expected);
});

it("counts what is unknown, also beside what is known", async () => {
  const tokenizer = await trainTokenizer([text, "abcdefghijklmnopqrstuvwxyz"], {
    ...crammingTokenizerOptions({ vocabSize: 120 }),
    size: "trained",
  });
  const json = { ...tokenizer.toJSON(), normalizer: null };
  const { tokenizerFromJson } = await import("@cramkit/tokenizer");
  const cased = tokenizerFromJson(json as never);
  const count = uncompressedCounter(cased);
  expect(count(russian, cased.encodeIds(russian))).toBe(27); // the signs are known
  expect(count(text, cased.encodeIds(text))).toBeLessThan(text.length / 2);
});
