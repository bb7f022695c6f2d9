import {
  BPE,
  byteLevelPreTokenizer,
  metaspacePreTokenizer,
  Unigram,
  WordLevel,
  WordPiece,
  whitespacePreTokenizer,
} from "tokenizers";
import { describe, expect, test } from "vitest";
import { trainTokenizer } from "../index.ts";
import { jsonOf, loadRust, trainRust } from "../testing/rust.testing.ts";
import { sampleText } from "../testing/sample.testing.ts";
import { alphabetOf } from "./alphabet.ts";
import { learnMerges } from "./merges.ts";
import { symbolize } from "./symbolize.ts";
import { wordCounter } from "./word-counter.ts";

const text = sampleText(400);
const lines = text.split(/(?<=\n)/);
const train = (model: "BPE" | "Unigram" | "WordLevel", vocabSize: number, preTokenizer: { type: string }) =>
  trainTokenizer(lines, {
    model,
    vocabSize,
    size: "trained",
    preTokenizer,
    ...(model === "WordLevel" ? { specialTokens: ["<unk>"], unkToken: "<unk>" } : {}),
  });

/** Tokens in the order of their ids; an object has "1847" before "a" whatever was put in first. */
const byId = (vocab: unknown) =>
  Object.entries(vocab as Record<string, number>)
    .sort(([, a], [, b]) => a - b)
    .map(([token]) => token);

const byteLevel = { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true };
const metaspace = { type: "Metaspace", replacement: "\u2581", prepend_scheme: "always", split: true };

describe("the default trainers of the Rust implementation", () => {
  test.each([
    ["whitespace", whitespacePreTokenizer(), { type: "Whitespace" }],
    ["byte level", byteLevelPreTokenizer(true), byteLevel],
    ["metaspace", metaspacePreTokenizer(), metaspace],
  ])("BPE, %s: the same vocabulary and the same merges", async (_, rustPreTokenizer, preTokenizer) => {
    const { json } = trainRust(BPE.empty(), rustPreTokenizer, text);
    const ours = await train("BPE", 30_000, preTokenizer);
    const { vocab, merges } = ours.toJSON().model;
    expect(merges).toEqual(json.model.merges);
    expect(vocab).toEqual(json.model.vocab);
  });

  test("WordPiece: the same vocabulary, given the random order of the continued characters there", async () => {
    const { json } = trainRust(WordPiece.empty(), whitespacePreTokenizer(), text);
    const expected = byId(json.model.vocab);
    const counter = wordCounter({ addedTokens: [], normalizer: null, preTokenizer: { type: "Whitespace" } }, 1 << 22);
    for (const line of lines) counter.add(line);
    const { words } = counter.words();
    const alphabet = alphabetOf(words, [], Number.POSITIVE_INFINITY);
    // Continued characters get their ids in the order of a hash table with random keys, and ids decide ties.
    const tokens = [...alphabet, ...expected.filter((token) => /^##.$/u.test(token))];
    const symbols = symbolize(words, tokens, alphabet, { prefix: "##", suffix: "" });
    await learnMerges(symbols, {
      tokens,
      vocabSize: 30_000,
      minFrequency: 0,
      continuingSubwordPrefix: "##",
      maxTokenLength: Number.POSITIVE_INFINITY,
    });
    expect(tokens).toEqual(expected);
  });

  test("Unigram: the same pieces with the same scores, up to the order of equal ones", async () => {
    const { json } = trainRust(Unigram.empty(), whitespacePreTokenizer(), text);
    const ours = await train("Unigram", 8000, { type: "Whitespace" });
    const expected = new Map(json.model.vocab as [string, number][]);
    const actual = ours.toJSON().model.vocab as [string, number][];
    expect(new Set(actual.map(([piece]) => piece))).toEqual(new Set(expected.keys()));
    for (const [piece, score] of actual) expect(score).toBeCloseTo(expected.get(piece)!, 3);
    // Read there, they are ours to the last bit, which decides between equally probable segmentations.
    expect(jsonOf(loadRust(ours)).model.vocab).toEqual(actual);
  });

  test("WordLevel: the same words in the same order", async () => {
    const { json } = trainRust(WordLevel.empty(), whitespacePreTokenizer(), text);
    const ours = await train("WordLevel", 30_000, { type: "Whitespace" });
    expect(byId(ours.toJSON().model.vocab).slice(1)).toEqual(byId(json.model.vocab));
  });
});
