import { describe, expect, test } from "vitest";
import { bertTokenizer, crammingTokenizerOptions, tokenizerFromJson, trainTokenizer } from "./index.ts";
import { countWordsInThreads, createEncoderPool } from "./node.ts";

const options = { ...crammingTokenizerOptions({ vocabSize: 60 }), size: "trained" as const };
const tokenizer = await trainTokenizer(["some text to train on"], options);
const loose = tokenizer as unknown as Record<string, (...args: unknown[]) => unknown>;

describe("options that do not exist are refused by name", () => {
  test.each([
    ["encode", ["a", { maxLength: 5 }], 'unknown option "maxLength"; write truncation: { maxLength: 128 }'],
    ["encodeIds", ["a", { max_length: 5 }], 'unknown option "max_length"; write truncation'],
    ["encodeIds", ["a", { add_special_tokens: false }], "write addSpecialTokens"],
    ["encodePair", ["a", "b", { pair: "c" }], "available: addSpecialTokens, truncation"],
    ["encodeBatch", [["a"], { truncation: { max_length: 3 } }], "write maxLength"],
    ["encode", ["a", { padding: { maxLength: 3 } }], "write length"],
    ["encode", ["a", 128], "expected an object of options, got 128"],
    ["decode", [[1], { skip_special_tokens: false }], "write skipSpecialTokens"],
  ])("%s %j", (name, args, message) => {
    expect(() => loose[name]!(...args)).toThrow(message);
  });

  test("in training, presets and threads", async () => {
    const train = (change: object) => trainTokenizer(["a"], { ...options, ...change });
    await expect(train({ vocab_size: 5 })).rejects.toThrow('unknown option "vocab_size"; write vocabSize');
    await expect(train({ alphabet: [] })).rejects.toThrow('unknown option "alphabet"; available: model, vocabSize');
    expect(() => crammingTokenizerOptions({ vocab_size: 5 } as never)).toThrow('"vocab_size"');
    expect(() => bertTokenizer("", { lower: true } as never)).toThrow('"lower"');
    expect(() => countWordsInThreads({ workers: 2 } as never)).toThrow('"workers"');
    expect(() => createEncoderPool(tokenizer, { workers: 2 } as never)).toThrow('"workers"');
  });
});

describe("values that make no sense are refused before anything is allocated", () => {
  test.each([
    [{ padding: { length: 1e9 } }, "padding.length to be an integer from 0 to 16777215"],
    [{ padding: { length: 2.5 } }, "padding.length"],
    [{ padding: { length: "longest", multipleOf: 1e9 } }, "padding.multipleOf"],
    [{ padding: { multipleOf: 8 } }, "padding.length"],
    [{ truncation: { maxLength: Number.NaN } }, "truncation.maxLength"],
    [{ truncation: { maxLength: "5" } }, "truncation.maxLength"],
    [{ truncation: {} }, "truncation.maxLength"],
    [{ truncation: { maxLength: 5, strategy: "longest" } }, "truncation.strategy to be one of"],
    [{ truncation: { maxLength: 5, direction: "Left" } }, "truncation.direction"],
    [{ offsetUnit: "byte" }, "offsetUnit"],
  ])("%j", (options, message) => {
    expect(() => loose.encode!("a", options)).toThrow(message);
    expect(() => loose.encodeIds!("a", options)).toThrow(message);
  });

  test.each([
    [{ vocabSize: 1e9 }, "vocabSize to be an integer from 1 to"],
    [{ maxWords: 1e9 }, "maxWords to be an integer"],
    [{ maxTokenLength: 1e9 }, "maxTokenLength to be an integer from 1 to 4000"],
    [{ model: "Unigram", maxTokenLength: 1000 }, "maxTokenLength to be an integer from 1 to 256"],
    [{ specialTokens: "<unk>" }, "specialTokens to be an array"],
    [{ size: "any" }, "size to be one of"],
  ])("%j", async (change, message) => {
    await expect(trainTokenizer(["a"], { ...options, ...(change as object) })).rejects.toThrow(message);
  });

  test("a hundred thousand special tokens are checked at once", async () => {
    const specialTokens = ["<unk>", ...Array.from({ length: 100_000 }, (_, i) => `<${i}>`)];
    const tokenizer = await trainTokenizer(["a"], {
      ...options,
      template: undefined,
      specialTokens,
      vocabSize: 100_002,
    });
    expect(tokenizer.vocabSize).toBe(100_002);
  });
});

describe("what is not text gets a sentence", () => {
  test.each([
    ["encode", [5], "encode: expected a text, got 5; pass a string"],
    ["encodeIds", [undefined], "expected a text, got nothing"],
    ["encodePair", ["a", null], "expected a text, got null"],
    ["encodeBatch", ["abc"], 'expected an array of texts or pairs, got "abc"; write [text]'],
    ["encodeBatch", [[["a", "b", "c"]]], "expected a pair of two texts"],
    ["decode", ["5"], 'expected an array of ids, got "5"'],
    ["decode", [5], "expected an array of ids, got 5"],
  ])("%s %j", (name, args, message) => {
    expect(() => loose[name]!(...args)).toThrow(message);
  });

  test("documents", async () => {
    const train = (documents: unknown) => trainTokenizer(documents as string[], options);
    await expect(train([{ id: 1, text: "a" }])).rejects.toThrow(
      'trainTokenizer: expected documents that are texts, got {"id":1,"text":"a"}; pass documents.map((document) => document.text)',
    );
    await expect(train("a text")).rejects.toThrow('expected documents, got "a text"; write [text]');
    await expect(train(undefined)).rejects.toThrow("expected documents, got nothing; pass an array");
    await expect(train([5])).rejects.toThrow("got 5; pass strings");
  });
});

test("integers beyond 2^53 in a tokenizer.json keep their digits in the message", () => {
  const json = JSON.stringify(tokenizer).replace(/"<pad>":0/, '"<pad>":9007199254740993');
  expect(() => tokenizerFromJson(json)).toThrow('at model.vocab["<pad>"], got 9007199254740993;');
  const added = JSON.stringify(tokenizer).replace('{"id":0', '{"id":18446744073709551617');
  expect(() => tokenizerFromJson(added)).toThrow("at added_tokens[0].id, got 18446744073709551617;");
  const unread = JSON.stringify(tokenizer).replace(/^\{/, '{"model_max_length":1000000000000000019884624838656,');
  expect(tokenizerFromJson(unread).vocabSize).toBe(tokenizer.vocabSize);
});
