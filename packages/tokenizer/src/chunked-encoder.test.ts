import { expect, it } from "vitest";
import {
  chunkDictionary,
  chunkedEncoder,
  chunkRule,
  coverageCounter,
  crammingTokenizerOptions,
  studyAlgorithms,
  textMeter,
  textSettings,
  tokenizerFromJson,
  trainTokenizer,
} from "./index.ts";
import { sampleText } from "./testing/sample.testing.ts";
import { wordCounter } from "./training/word-counter.ts";

const learned = sampleText(60);
const texts = [
  "",
  " ",
  "word",
  learned.slice(0, 900),
  `  ${learned.slice(300, 700).replaceAll(" ", "  ")}\t\r\nand\u00a0so "on"''\`\` # ~ 3.14`,
  "\u0412\u0441\u0435 \u043b\u044e\u0434\u0438, na\u00efve caf\u00e9s \u{1f600}\u{1f600} \u4eba\u4eba\u751f\u800c\u81ea\u7531,\u5e73\u7b49 \ufdfa",
  "\u4eba\u4eba\u751f\u800c\u81ea\u7531\u5728\u5c0a\u4e25\u548c\u6743\u5229\u4e0a\u4e00\u5f8b\u5e73\u7b49".repeat(9),
  `${"x".repeat(64)} ${"y".repeat(65)} ${"\u00e9".repeat(5001)} z`,
  "a lone \ud800 surrogate",
  " begins with a space, ends with one ",
];

const byWords = studyAlgorithms.filter((name) => !["BPE", "SentencePieceBPE", "SentencePieceUnigram"].includes(name));
const normalizers = { none: null, NFKC: { type: "NFKC" } };
/** Every preset that is cut at words, and with other normalizers those that keep their spaces. */
const presets = [
  ...byWords.flatMap((algorithm) =>
    (Object.keys(textSettings) as (keyof typeof textSettings)[]).map((text) => ({
      name: `${algorithm}, ${text}`,
      options: crammingTokenizerOptions({ algorithm, text, vocabSize: 300 }),
    })),
  ),
  ...(["BPE", "SentencePieceBPE", "SentencePieceUnigram"] as const).flatMap((algorithm) =>
    Object.entries(normalizers).map(([name, normalizer]) => ({
      name: `${algorithm}, ${name}`,
      options: { ...crammingTokenizerOptions({ algorithm, vocabSize: 400, text: "cased" }), normalizer },
    })),
  ),
];

it.each(presets)("$name: counts and encodes chunks as it does texts", async ({ options }) => {
  const tokenizer = await trainTokenizer([learned, ...texts.slice(0, 6)], { ...options, size: "trained" });
  const { normalizer, pre_tokenizer: preTokenizer } = tokenizer.toJSON();
  const rule = chunkRule(normalizer, preTokenizer)!;
  const cover = coverageCounter(tokenizer);
  const pipeline = { addedTokens: [], normalizer, preTokenizer };
  // A dictionary that holds all, one that is soon full, one that holds nothing.
  for (const maxChunks of [1 << 20, 7, 0]) {
    const dictionary = chunkDictionary(rule, { maxChunks });
    const encoder = chunkedEncoder(tokenizer, dictionary)!;
    const meter = textMeter(tokenizer, dictionary);
    const counter = wordCounter(pipeline, 1 << 22, { dictionary });
    const reference = wordCounter(pipeline, 1 << 22);
    for (const text of [...texts, ...texts]) {
      const ids = tokenizer.encodeIds(text, { splitSpecialTokens: true });
      const { deleted, unknown } = cover(text.replace("\ud800", "\ufffd"), ids);
      const expected = { tokens: ids.length, deleted, unknown };
      const sequence = dictionary.read(text);
      expect(encoder.measure(sequence)).toEqual(expected);
      expect(encoder.encode(sequence)).toEqual({ ...expected, ids });
      expect(meter(text)).toEqual(expected);
      counter.add(text);
      reference.add(text);
    }
    expect(dictionary.size).toBeLessThanOrEqual(maxChunks);
    const sorted = (words: Map<string, number>) => [...words].sort(([a], [b]) => (a < b ? -1 : 1));
    expect(sorted(counter.words().words)).toEqual(sorted(reference.words().words));
  }
});

it("finds special tokens in a text as encoding does, and leaves tokenizers alone that it does not know how to cut for", async () => {
  const tokenizer = await trainTokenizer([learned], {
    ...crammingTokenizerOptions({ vocabSize: 300 }),
    size: "trained",
  });
  const json = tokenizer.toJSON();
  const dictionary = chunkDictionary(chunkRule(json.normalizer, json.pre_tokenizer)!);
  const meter = textMeter(tokenizer, dictionary);
  const text = "one <mask> and </s>, the rest";
  expect(meter(text).tokens).toBe(tokenizer.encodeIds(text).length);
  expect(meter(text).tokens).toBeLessThan(tokenizer.encodeIds(text, { splitSpecialTokens: true }).length);

  const added = { ...json.added_tokens[0]!, id: tokenizer.vocabSize, content: "captainq", special: false };
  const others = [
    { ...json, pre_tokenizer: { type: "WhitespaceSplit" } },
    { ...json, added_tokens: [...json.added_tokens, added] },
    { ...json, added_tokens: [...json.added_tokens, { ...added, normalized: true }] },
    { ...json, truncation: { max_length: 5, strategy: "LongestFirst", stride: 0 } },
  ].map((other) => tokenizerFromJson(other));
  for (const other of others.slice(0, 3)) expect(chunkedEncoder(other, dictionary)).toBeUndefined();
  for (const other of others)
    expect(textMeter(other, dictionary)(learned).tokens).toBe(other.encodeIds(learned).length);
});

it("reads a text once that is asked for again, and says if much has no number", () => {
  const { normalizer, preTokenizer } = crammingTokenizerOptions();
  const dictionary = chunkDictionary(chunkRule(normalizer ?? null, preTokenizer ?? null)!, { maxChunks: 2 });
  const sequence = dictionary.read("one two one three");
  expect([...sequence].slice(0, 4)).toEqual([0, 1, 0, -5]);
  expect(dictionary.read("one two one three")).toBe(sequence);
  expect(dictionary.isWorthwhile).toBe(true); // of so little text
  expect(dictionary.chunk(1)).toBe("two");
  dictionary.read("one two ".repeat(1 << 18));
  expect(dictionary.isWorthwhile).toBe(true);
  dictionary.read("three four ".repeat(1 << 18));
  expect(dictionary.isWorthwhile).toBe(false);
});

const unitsBeyondAscii = Array.from({ length: 0x3100 - 0x80 }, (_, n) => String.fromCharCode(0x80 + n));
const neighbours = unitsBeyondAscii.map(
  (character, n) => unitsBeyondAscii[(n * 7919) % unitsBeyondAscii.length]! + character,
);

it.each([
  { text: "english" },
  { text: "english", asciiOnly: false },
  { text: "cased" },
  { text: "multilingual", asciiOnly: true },
  { algorithm: "WordPieceBERT", text: "english" },
  { algorithm: "WordPieceBERT", text: "multilingual" },
] as const)("encodes any character among letters as in a text: %j", async (settings) => {
  const options = crammingTokenizerOptions({ ...settings, vocabSize: 900 });
  const tokenizer = await trainTokenizer([learned, ...texts], { ...options, size: "trained" });
  const { normalizer, pre_tokenizer: preTokenizer } = tokenizer.toJSON();
  const dictionary = chunkDictionary(chunkRule(normalizer, preTokenizer)!);
  const encoder = chunkedEncoder(tokenizer, dictionary)!;
  const cover = coverageCounter(tokenizer);
  const counter = wordCounter({ addedTokens: [], normalizer, preTokenizer }, 1 << 22, { dictionary });
  const reference = wordCounter({ addedTokens: [], normalizer, preTokenizer }, 1 << 22);
  const chunks = [...unitsBeyondAscii, ...neighbours].map((characters, n) => `Ab${n % 90}${characters}Zc`);
  for (let from = 0; from < chunks.length; from += 500) {
    const text = chunks.slice(from, from + 500).join(" ");
    const ids = tokenizer.encodeIds(text, { splitSpecialTokens: true });
    const { deleted, unknown } = cover(text, ids);
    const got = encoder.encode(dictionary.read(text));
    expect([got.deleted, got.unknown]).toEqual([deleted, unknown]);
    expect(got.ids.join()).toBe(ids.join());
    counter.add(text);
    reference.add(text);
  }
  const sorted = (words: Map<string, number>) => JSON.stringify([...words].sort(([a], [b]) => (a < b ? -1 : 1)));
  expect(sorted(counter.words().words)).toBe(sorted(reference.words().words));
});
