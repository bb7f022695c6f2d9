import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bertTokenizer, tokenizerFromJson, trainTokenizer } from "./index.ts";
import { kinds } from "./testing/cases.testing.ts";
import { sampleText } from "./testing/sample.testing.ts";

const text = sampleText(60);
const wordPiece = (await trainTokenizer(text.split("\n"), { ...kinds["WordPiece, BERT"]!, size: "trained" })).toJSON();
const bpe = (await trainTokenizer(text.split("\n"), { ...kinds["BPE, metaspace, NFKC"]!, size: "trained" })).toJSON();

type Change = (json: Record<string, never>) => void;

/** The document with a change, as text: nothing of one test is seen by another. */
const changed = (json: object, change: (json: never) => void): string => {
  const copy = structuredClone(json) as never;
  (change as Change)(copy);
  return JSON.stringify(copy);
};

/** Any object of a document. */
interface Loose {
  [key: string]: Loose;
}

const list = (value: Loose | undefined) => value as unknown as unknown[];

describe("a tokenizer.json that is damaged names the field", () => {
  const cases: [string, object, (json: Loose) => void, string][] = [
    ["no model", wordPiece, (j) => Reflect.deleteProperty(j, "model"), "at model"],
    ["another version", wordPiece, (j) => Object.assign(j, { version: "2.0" }), "at version"],
    ["model of a wrong type", wordPiece, (j) => Object.assign(j, { model: 5 }), "at model"],
    [
      "an unknown model",
      wordPiece,
      (j) => Object.assign(j.model!, { type: "GPT" }),
      'model "GPT" at model is not supported',
    ],
    [
      "a model named after a method",
      wordPiece,
      (j) => Object.assign(j.model!, { type: "constructor" }),
      "not supported",
    ],
    ["vocab as a list", wordPiece, (j) => Object.assign(j.model!, { vocab: [] }), "at model.vocab"],
    ["an id that is text", wordPiece, (j) => Object.assign(j.model!.vocab!, { the: "7" }), 'model.vocab["the"]'],
    ["an id that is huge", wordPiece, (j) => Object.assign(j.model!.vocab!, { the: 1e300 }), 'model.vocab["the"]'],
    ["a negative id", wordPiece, (j) => Object.assign(j.model!.vocab!, { the: -1 }), 'model.vocab["the"]'],
    ["an id twice", wordPiece, (j) => Object.assign(j.model!.vocab!, { new: 3 }), "an id of its own"],
    [
      "max_input_chars_per_word",
      wordPiece,
      (j) => Object.assign(j.model!, { max_input_chars_per_word: 1.5 }),
      "at model.max_input_chars_per_word",
    ],
    ["unk_token", wordPiece, (j) => Object.assign(j.model!, { unk_token: null }), "at model.unk_token"],
    ["a merge of a missing token", bpe, (j) => list(j.model!.merges).push(["qqq", "zzz"]), "model.merges["],
    ["a merge with a missing result", bpe, (j) => list(j.model!.merges).push(["?", "?"]), '"??"'],
    ["a merge of three", bpe, (j) => Object.assign(j.model!, { merges: ["a b c"] }), "at model.merges[0]"],
    ["merges as text", bpe, (j) => Object.assign(j.model!, { merges: "a b" }), "at model.merges"],
    ["dropout", bpe, (j) => Object.assign(j.model!, { dropout: 0.1 }), "at model.dropout"],
    [
      "an unknown normalizer",
      wordPiece,
      (j) => Object.assign(j, { normalizer: { type: "UnicodeScripts" } }),
      'normalizer "UnicodeScripts" at normalizer',
    ],
    [
      "an unknown pre-tokenizer in a sequence",
      wordPiece,
      (j) =>
        Object.assign(j, {
          pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Whitespace" }, { type: "Magic" }] },
        }),
      "pre_tokenizer.pretokenizers[1]",
    ],
    [
      "sequences inside each other without end",
      wordPiece,
      (j) => {
        let normalizer: object = { type: "NFC" };
        for (let i = 0; i < 1000; i++) normalizer = { type: "Sequence", normalizers: [normalizer] };
        Object.assign(j, { normalizer });
      },
      "at most 100 sequences inside each other",
    ],
    [
      "a token of a megabyte",
      wordPiece,
      (j) => Object.assign(j.model!.vocab!, { ["a".repeat(1e6)]: 9000 }),
      "a token of at most 8192 characters",
    ],
    [
      "a sequence of nothing sensible",
      wordPiece,
      (j) => Object.assign(j, { normalizer: { type: "Sequence", normalizers: 7 } }),
      "at normalizer.normalizers",
    ],
    ["an unknown decoder", wordPiece, (j) => Object.assign(j, { decoder: { type: "Rot13" } }), 'decoder "Rot13"'],
    [
      "an expression that does not end",
      wordPiece,
      (j) => Object.assign(j, { normalizer: { type: "Replace", pattern: { Regex: "(a" }, content: "" } }),
      "at normalizer.pattern.Regex",
    ],
    [
      "an expression that refers back, with the expression",
      wordPiece,
      (j) =>
        Object.assign(j, {
          pre_tokenizer: { type: "Split", pattern: { Regex: "(\\w)\\1" }, behavior: "Removed", invert: false },
        }),
      'the regular expression "(\\\\w)\\\\1" at pre_tokenizer.pattern.Regex is not supported: \\1 is not supported',
    ],
    [
      "a pattern that the engine finds too large",
      wordPiece,
      (j) =>
        Object.assign(j, {
          pre_tokenizer: { type: "Split", pattern: { Regex: "a".repeat(200_000) }, behavior: "Removed", invert: false },
        }),
      '..." at pre_tokenizer.pattern.Regex is not supported: it is larger than the engine takes',
    ],
    [
      "a template with an undefined token",
      wordPiece,
      (j) => Object.assign(j.post_processor!, { special_tokens: {} }),
      "at post_processor.single[0].SpecialToken.id",
    ],
    [
      "a template with __proto__",
      wordPiece,
      (j) => Object.assign(j.post_processor!, { single: [{ SpecialToken: { id: "__proto__", type_id: 0 } }] }),
      "SpecialToken.id",
    ],
    [
      "an added token twice",
      wordPiece,
      (j) => list(j.added_tokens).push(list(j.added_tokens)[0]),
      "added_tokens[5].content",
    ],
    [
      "an added token with a wrong id",
      wordPiece,
      (j) => Object.assign(j.added_tokens![0]!, { id: 99 }),
      "added_tokens[0].id",
    ],
    [
      "an empty added token",
      wordPiece,
      (j) => Object.assign(j.added_tokens![0]!, { content: "" }),
      "added_tokens[0].content",
    ],
    [
      "overlapping windows",
      wordPiece,
      (j) =>
        Object.assign(j, { truncation: { max_length: 5, stride: 2, strategy: "LongestFirst", direction: "Right" } }),
      "at truncation.stride",
    ],
    [
      "padding of a huge length",
      wordPiece,
      (j) =>
        Object.assign(j, {
          padding: { strategy: { Fixed: 1e12 }, direction: "Right", pad_id: 0, pad_type_id: 0, pad_token: "x" },
        }),
      "at padding.strategy.Fixed",
    ],
  ];
  test.each(cases)("%s", (_, json, change, message) => {
    expect(() => tokenizerFromJson(changed(json, change as never))).toThrow(message);
  });

  test("cut off anywhere", () => {
    const whole = JSON.stringify(wordPiece);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), (end) => {
        expect(() => tokenizerFromJson(whole.slice(0, end))).toThrow("tokenizerFromJson: expected a JSON document");
      }),
    );
  });

  test("a text of lines, in one line", () => {
    expect(() => tokenizerFromJson("Not\r\nJSON\n")).toThrow(
      /^tokenizerFromJson: expected a JSON document, got 10 characters .*Not JSON .*; is the file complete\?$/,
    );
  });

  test("a list in place of the document", () => {
    expect(() => tokenizerFromJson([])).toThrow("tokenizer.json: expected an object at the top, got []");
  });

  test("anything in the place of any field is refused or works, and is never another kind of error", () => {
    const anything = fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.double(),
      fc.string(),
      fc.array(fc.string()),
      fc.dictionary(fc.string(), fc.double()),
    );
    const fields = Object.keys(wordPiece);
    const settings = Object.keys(wordPiece.model);
    fc.assert(
      fc.property(fc.constantFrom(...fields, ...settings.map((name) => `model.${name}`)), anything, (path, value) => {
        const json = changed(wordPiece, (j: Loose) => {
          const [field, setting] = path.split(".");
          Object.assign(setting ? j[field!]! : j, { [setting ?? field!]: value });
        });
        try {
          tokenizerFromJson(json);
        } catch (error) {
          expect((error as Error).message).toMatch(/^tokenizer\.json: /);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("JSON that is not an object", () => {
    for (const json of ["null", "[]", "5", '"text"', "{}"])
      expect(() => tokenizerFromJson(json)).toThrow("tokenizer.json: expected");
  });
});

test("__proto__ is a word like others, and pollutes nothing", async () => {
  const tokenizer = await trainTokenizer(["__proto__ constructor __proto__ toString"], {
    model: "WordLevel",
    vocabSize: 4,
    specialTokens: ["<unk>"],
    unkToken: "<unk>",
    preTokenizer: { type: "WhitespaceSplit" },
  });
  const again = tokenizerFromJson(JSON.stringify(tokenizer));
  expect(again.encode("__proto__ toString hasOwnProperty").tokens).toEqual(["__proto__", "toString", "<unk>"]);
  const polluted = JSON.stringify(wordPiece).replace('"vocab":{', '"vocab":{"__proto__":100000,');
  expect(tokenizerFromJson(polluted).tokenToId("__proto__")).toBe(100_000);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

describe.each(Object.entries(kinds))("%s", (_, options) => {
  test("a megabyte of one letter, many spaces, emoji and marks end soon", async () => {
    const tokenizer = await trainTokenizer(text.split("\n"), { ...options, size: "trained" });
    for (const [unit, size] of [
      ["a", 1_000_000],
      [" ", 50_000],
      ["\u{1f44d}", 20_000],
      ["\u0301\u0323", 20_000],
      ["a ", 20_000],
    ] as const) {
      const long = unit.repeat(size / unit.length);
      const start = process.cpuUsage(); // the clock also counts what else the machine does
      const ids = tokenizer.encodeIds(long);
      const { user, system } = process.cpuUsage(start);
      expect(user + system).toBeLessThan(10_000_000);
      if (unit.length === 1) expect(tokenizer.decode(ids).length).toBeLessThan(5_000_000);
    }
  });
});

describe("vocab.txt", () => {
  test("a token twice, and one that is missing", () => {
    expect(() => bertTokenizer("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\na\n")).toThrow('"a" in lines 6 and 7');
    expect(() => bertTokenizer("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n")).toThrow("[MASK]");
    expect(bertTokenizer("[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n[MASK]\r\na\r\n").encode("A").ids).toEqual([2, 5, 3]);
  });
});
