import { expect, it } from "vitest";
import {
  chunkDictionary,
  chunkRule,
  crammingTokenizerOptions,
  textMeter,
  tokenizerFromJson,
  trainTokenizer,
} from "./index.ts";
import { sampleText } from "./testing/sample.testing.ts";

const text = sampleText(40);
const russian =
  "\u0421\u044a\u0435\u0448\u044c \u0436\u0435 \u0435\u0449\u0451 \u044d\u0442\u0438\u0445 \u0431\u0443\u043b\u043e\u043a, \u0434\u0430 \u0432\u044b\u043f\u0435\u0439.";
const cases: [string, number][] = [
  ["old captain", 0],
  [russian, 26],
  [`old captain ${russian}`, 26],
  ["\u4e2d\u6587\u3000\u6587", 3],
  ["\u{1f600} and", 2],
  ["caf\u00e9 na\u00efve cafe\u0301 a\u00a0b\u200b", 0], // accents and spaces are no loss
];
const tokenizer = await trainTokenizer([text, "abcdefghijklmnopqrstuvwxyz"], {
  ...crammingTokenizerOptions({ vocabSize: 300 }),
  size: "trained",
});
const { normalizer, pre_tokenizer: preTokenizer } = tokenizer.toJSON();

it.each([true, false])("counts what a normaliser of ASCII removes, by chunks: %s", (byChunks) => {
  const meter = textMeter(tokenizer, byChunks ? chunkDictionary(chunkRule(normalizer, preTokenizer)!) : undefined);
  for (const [given, expected] of cases) {
    const { tokens, deleted, unknown } = meter(given);
    expect(deleted + unknown).toBe(expected);
    expect(tokens).toBe(tokenizer.encodeIds(given).length);
  }
});

it.each([true, false])("counts what is unknown, also beside what is known, by chunks: %s", (byChunks) => {
  const cased = tokenizerFromJson({ ...tokenizer.toJSON(), normalizer: null });
  const meter = textMeter(cased, byChunks ? chunkDictionary(chunkRule(null, preTokenizer)!) : undefined);
  expect(meter(russian)).toMatchObject({ deleted: 0, unknown: 26 }); // the signs are known
  expect(meter(text).unknown).toBeLessThan(text.length / 2);
});
