import fc from "fast-check";
import { Tokenizer as Rust } from "tokenizers";
import { describe, expect, test } from "vitest";
import type { AddedToken } from "./index.ts";
import { crammingTokenizerOptions, tokenizerFromJson, trainTokenizer } from "./index.ts";

const characters = { type: "Split", pattern: { Regex: "[\\s\\S]" }, behavior: "Isolated", invert: false };

/** A tokenizer that knows nothing but its added tokens. */
const withAdded = (addedTokens: Omit<AddedToken, "id">[], normalizer: object | null = null) =>
  JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: addedTokens.map((token, i) => ({ id: i + 1, ...token })),
    normalizer,
    pre_tokenizer: characters,
    post_processor: null,
    decoder: null,
    model: { type: "WordLevel", vocab: { "<unk>": 0 }, unk_token: "<unk>" },
  });

const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };

describe("added tokens that overlap give the ids of the Rust implementation", () => {
  const compare = async (json: string, text: string) => {
    const ours = tokenizerFromJson(json).encode(text);
    const rust = await Rust.fromString(json).encode(text);
    expect([ours.ids, ours.tokens, ours.offsets]).toEqual([rust.getIds(), rust.getTokens(), rust.getOffsets()]);
  };

  test("one that strips to the right before one that strips to the left", async () => {
    const json = withAdded([
      { ...plain, content: "<m>", rstrip: true },
      { ...plain, content: " b ", lstrip: true },
      { ...plain, content: " " },
    ]);
    for (const text of ["<m>  b ", "<m>   b  b ", "<m> b  <m>  ", "<m> \n", " b  b <m> x"]) await compare(json, text);
  });

  test("any tokens with any settings", async () => {
    const token = fc
      .record({
        content: fc.constantFrom("a", " a", "a ", "b", " b ", "ab", " ", "  ", "<m>", "\u00e9", " x", "x\n", "\n"),
        single_word: fc.boolean(),
        lstrip: fc.boolean(),
        rstrip: fc.boolean(),
        normalized: fc.boolean(),
        special: fc.boolean(),
      })
      .filter(({ content, lstrip }) => content.trim() !== "" || !lstrip); // the Rust implementation panics
    const tokens = fc.uniqueArray(token, { selector: ({ content }) => content, maxLength: 5 });
    const text = fc
      .array(fc.constantFrom("a", "b", " ", "  ", "\n", "x", "A", "\u00e9", "<m>", "B"), { maxLength: 10 })
      .map((parts) => parts.join(""));
    const normalizer = fc.constantFrom(null, { type: "Lowercase" }, { type: "NFD" });
    await fc.assert(
      fc.asyncProperty(tokens, normalizer, text, (added, normalizer, sample) =>
        compare(withAdded(added, normalizer), sample),
      ),
      { numRuns: 1500, seed: 3 },
    );
  });
});

describe("special tokens that are written in a text", () => {
  const documents = ["the <mask> token of a model", "a <pad> and a [MASK]", "token of the model"];
  const trained = (splitSpecialTokens?: boolean) =>
    trainTokenizer(documents, { ...crammingTokenizerOptions({ vocabSize: 120 }), size: "trained", splitSpecialTokens });

  test("are the tokens, or ordinary text on request", async () => {
    const tokenizer = await trained(true);
    const mask = tokenizer.tokenToId("<mask>")!;
    const text = "the <mask> token";
    expect(tokenizer.encode(text).tokens).toContain("<mask>");
    const { tokens, ids } = tokenizer.encode(text, { splitSpecialTokens: true });
    expect(tokens).toEqual(["the", "<", "mask", ">", "token", "<sep>"]);
    expect(ids).not.toContain(mask);
    expect([...tokenizer.encodeIds(text, { splitSpecialTokens: true })]).toEqual(ids);
    expect([...tokenizer.encodeIds(text)]).toContain(mask);
  });

  test("are ordinary text in training on request", async () => {
    expect((await trained()).tokenToId("<")).toBeUndefined();
    expect((await trained(true)).tokenToId("<")).toBeDefined();
  });

  test("as Rust's encode_special_tokens has it: the text of a special token is passed over, others are found", () => {
    const json = withAdded([
      { ...plain, content: "<a>" },
      { ...plain, content: "a", special: false },
    ]);
    const { tokens } = tokenizerFromJson(json).encode("<a>a", { splitSpecialTokens: true });
    expect(tokens).toEqual(["<unk>", "<unk>", "<unk>", "a"]);
  });
});

test("idLimit is one more than the largest id, where the vocabulary has holes", () => {
  const tokenizer = tokenizerFromJson({
    ...JSON.parse(withAdded([])),
    model: { type: "WordLevel", vocab: { "<unk>": 0, a: 7 }, unk_token: "<unk>" },
  });
  expect([tokenizer.vocabSize, tokenizer.idLimit]).toEqual([2, 8]);
  expect(tokenizer.decode(tokenizer.encodeIds("a"))).toBe("a");
});
