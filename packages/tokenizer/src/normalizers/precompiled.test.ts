import fc from "fast-check";
import { Tokenizer as Rust } from "tokenizers";
import { describe, expect, test } from "vitest";
import { tokenizerFromJson } from "../index.ts";
import { charsmap } from "../testing/charsmap.testing.ts";

const json = (precompiled_charsmap: unknown) => ({
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: { type: "Precompiled", precompiled_charsmap },
  pre_tokenizer: { type: "Split", pattern: { Regex: "[\\s\\S]" }, behavior: "Isolated", invert: false },
  post_processor: null,
  decoder: null,
  model: { type: "Unigram", unk_id: 0, vocab: [["<unk>", 0]] },
});

/** One of each kind: longer, shorter, gone, a sequence and its beginning, beyond the plane, spaces. */
const map = charsmap({
  "\ufb01": "fi",
  "\u00bd": "1\u20442",
  "e\u0301": "\u00e9",
  "\u0301": "",
  "\u200b": "",
  "\u{1f44d}": "ok",
  "\u1112\u1161": "\ud558",
  "\u00a0": " ",
  "\t": " ",
  "\r": "",
  A: "a",
  AB: "never: the shortest entry counts",
  x: "",
});

describe("Precompiled, against the Rust implementation", () => {
  const text = JSON.stringify(json(map));
  const ours = tokenizerFromJson(text);
  const rust = Rust.fromString(text);
  const same = async (sample: string) => {
    const expected = await rust.encode(sample);
    const { tokens, offsets } = ours.encode(sample);
    expect([tokens, offsets]).toEqual([expected.getTokens(), expected.getOffsets()]);
  };

  test("hard cases", async () => {
    for (const sample of [
      "",
      "plain text",
      "\ufb01sh \u00bd cup",
      "e\u0301\u0301 e\u0323\u0301 \u0301",
      "xAxBx ABx",
      "\u{1f44d}\u{1f3fd} \u{1f44d}",
      "\r\n a\r\nb\r\r\n",
      "\u1112\u1161\u11ab \u1112\u1161",
      "\u{1f1e9}\u{1f1ea}\u{1f1eb} \u0915\u094d\u0937 \u0e01\u0e4d",
      `${"\u0301".repeat(9000)}a`,
      "\u4e2d\u0301\u6587",
    ])
      await same(sample);
  });

  test("any text", async () => {
    const character = fc.oneof(
      fc.constantFrom(..."\ufb01 \u00bd e \u0301 \u200b \u{1f44d} \u1112 \u1161 \u00a0 \t \r \n A B x".split(" "), " "),
      fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(character, { maxLength: 15 }), (parts) => same(parts.join(""))),
      { numRuns: 1500, seed: 4 },
    );
  });
});

describe("a charsmap that is damaged", () => {
  test.each([
    ["is not there", undefined],
    ["is empty", ""],
    ["is not base64", "\u00fc"],
    ["has a trie longer than itself", Buffer.from([255, 255, 0, 0, 1, 2, 3, 4]).toString("base64")],
  ])("%s", (_, map) => {
    expect(() => tokenizerFromJson(json(map))).toThrow("at normalizer.precompiled_charsmap");
  });

  test("in its trie leads nowhere", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffffffff), { minLength: 1, maxLength: 300 }), fc.string(), (units, sample) => {
        const words = Uint32Array.from([units.length * 4, ...units, 0x64636261]);
        const tokenizer = tokenizerFromJson(json(Buffer.from(words.buffer).toString("base64")));
        tokenizer.encode(sample);
      }),
      { seed: 5 },
    );
  });
});
