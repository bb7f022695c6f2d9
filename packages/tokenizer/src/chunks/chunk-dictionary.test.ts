import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crammingTokenizerOptions } from "../study-preset.ts";
import { wellFormed } from "../text/aligned-text.ts";
import type { ChunkReader } from "./chunk-reader.ts";
import { type ChunkRule, chunkRule } from "./chunk-rule.ts";
import { sequenceBuffer, startSequence, writtenElements, writtenOut } from "./chunk-sequence.ts";
import { byteReader } from "./read-bytes.ts";
import { unitReader } from "./read-units.ts";

const ruleOf = (preTokenizer: string, normalizer: object | null = null): ChunkRule =>
  chunkRule(normalizer as never, { type: preTokenizer })!;
const study = crammingTokenizerOptions();
const rules = {
  study: chunkRule(study.normalizer ?? null, study.preTokenizer ?? null)!,
  words: ruleOf("Whitespace"),
  BERT: ruleOf("BertPreTokenizer"),
  "white space": ruleOf("WhitespaceSplit"),
};

/** The chunks of a text, each as it is or as a number stands for it. */
const chunksOf = (reader: ChunkReader, text: string) => {
  const buffer = sequenceBuffer();
  startSequence(buffer);
  reader.read(text, buffer);
  const sequence = buffer.elements.subarray(0, buffer.used);
  const chunks: string[] = [];
  let numbered = 0;
  for (let at = 0; at < sequence.length; at++) {
    const number = sequence[at]!;
    if (number >= 0) numbered++;
    chunks.push(number >= 0 ? reader.chunk(number) : writtenOut(sequence, at));
    if (number < 0) at += writtenElements(sequence, at) - 1;
  }

  return { chunks, joined: chunks.join("\n"), numbered, without: buffer.without };
};

const compare = (rule: ChunkRule, texts: readonly string[], maxChunks = 1 << 20) => {
  const reference = unitReader({ rule, maxChunks });
  const reader = byteReader({ rule, maxChunks })!;
  let isAlike = true;
  for (const text of texts) {
    const expected = chunksOf(reference, text);
    const got = chunksOf(reader, text);
    expect(got.joined).toBe(expected.joined);
    expect(got.chunks.length).toBe(expected.chunks.length);
    // Up to 64 units have numbers with the one, up to 64 bytes with the other.
    isAlike &&= !expected.chunks.some((chunk) => chunk.length <= 64 && Buffer.byteLength(chunk) > 64);
    if (!isAlike) continue;
    expect([got.numbered, got.without]).toEqual([expected.numbered, expected.without]);
    expect(reader.size).toBe(reference.size);
  }
  expect(reader.size).toBeLessThanOrEqual(maxChunks);
  const codes = [new Uint8Array(64), new Uint8Array(64)] as const;
  for (let number = 0; number < Math.min(reader.size, reference.size); number++) {
    const chunk = reference.chunk(number);
    if (!isAlike && reader.chunk(number) !== chunk) return;
    const got = [reader, reference].map((of, i) => {
      const length = of.asciiOf(number, codes[i]!);
      return `${of.chunk(number)} ${length} ${Buffer.from(codes[i]!).toString("latin1", 0, Math.max(length, 0))}`;
    });
    if (got[0] !== got[1]) expect(got[0]).toBe(got[1]);
  }
};

const words = (count: number) => Array.from({ length: count }, (_, n) => `w${(n * 7919) % 6007}x${n % 3}`).join(" ");
const texts = [
  "",
  " ",
  "\t\r\n",
  "word",
  "\0 \0\0 a\0 a \0a",
  "Hello, World! It's 3.14... (or so)\u00a0",
  "\ufeffbyte order mark \ufeff",
  "na\u00efve caf\u00e9,\u4eba\u751f.\u{1f600}\u{1f600}x \u2013y\u2013 \u0130\u0131",
  "lone \ud800 and \udc00, at the end \ud83d",
  ...[1, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 128, 129, 1000].map((length) => `a ${"x".repeat(length)} b`),
  ...[20, 21, 22, 31, 32, 33, 64].map((length) => `${"\u4e00".repeat(length)},${"\u00e9".repeat(length)}`),
  `${"abcdefgh".repeat(3)}1 ${"abcdefgh".repeat(3)}2 ${"abcdefgh".repeat(3)}1`,
  words(20_000), // the table grows
  `${"a".repeat(65_535)} b`, // around the end of a piece
  `${"a ".repeat(32_767)}bcd e`,
  `${"a".repeat(65_534)}\u{1f600}${"b".repeat(65_536)}\u{1f600} c`,
  `${"a".repeat(200_000)}, ${"\u4e00".repeat(100_000)} ${words(9000)}`,
  "-".repeat(70_000),
  ".a".repeat(70_000),
];

describe("byteReader", () => {
  it.each(Object.entries(rules))("cuts texts as the reference does: %s", (_, rule) => {
    compare(rule, [...texts, ...texts]);
    compare(
      rule,
      [...texts, ...texts].filter((text) => !/[\u0080-\uffff]{22}/.test(text)),
    );
  });

  it.each([0, 1, 7, 100])("gives no more than %i numbers", (maxChunks) => {
    compare(rules.study, [...texts, ...texts], maxChunks);
  });

  it("cuts any text as the reference does", () => {
    const unit = fc.oneof(
      fc.constantFrom(..." \t\n\r\0aAzZ09_-.,\u007f\u0080\u00e9\u2028\u4e00\ufeff\ud83d\ude00"),
      fc.string({ unit: "grapheme", maxLength: 3 }),
      fc.constantFrom("word", "abcdefgh", "abcdefghi", "x".repeat(64)),
    );
    const text = fc.array(unit, { maxLength: 200 }).map((units) => units.join(""));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), fc.constantFrom(...Object.values(rules)), (all, rule) => {
        compare(rule, all.map(wellFormed));
      }),
      { numRuns: 100 },
    );
  });

  it("leaves rules that keep spaces to the reference", () => {
    expect(byteReader({ rule: chunkRule(null, { type: "ByteLevel" })!, maxChunks: 10 })).toBeUndefined();
  });
});
