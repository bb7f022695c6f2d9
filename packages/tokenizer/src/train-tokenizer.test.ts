import { describe, expect, test } from "vitest";
import {
  countWords,
  crammingTokenizerOptions,
  mergeCountedWords,
  type TrainOptions,
  type TrainProgress,
  trainTokenizer,
  VocabSizeError,
} from "./index.ts";
import { countWordsInThreads, createEncoderPool } from "./node.ts";
import { kinds } from "./testing/cases.testing.ts";
import { sampleText } from "./testing/sample.testing.ts";

const lines = sampleText(200).split("\n");
const preset = crammingTokenizerOptions({ vocabSize: 220 });

describe("the Cramming preset", () => {
  test("has the special tokens first, the exact size and the templates", async () => {
    const tokenizer = await trainTokenizer([...lines, '"'], preset);
    expect(tokenizer.vocabSize).toBe(220);
    expect(
      ["<pad>", "<s>", "</s>", "<unk>", "<cls>", "<sep>", "<mask>"].map((token) => tokenizer.tokenToId(token)),
    ).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const text = "The ``old''  CAPTAIN caf\u00e9 \u6f22";
    expect(tokenizer.encode(text).tokens.at(-1)).toBe("<sep>");
    expect(tokenizer.decode(tokenizer.encode(text).ids)).toBe('the " old " captain cafe');
    const pair = tokenizer.encodePair("the", "old");
    expect([pair.tokens[0], pair.tokens.at(-1), pair.specialTokensMask.at(0), pair.typeIds.at(-1)]).toEqual([
      "<cls>",
      "<sep>",
      1,
      0,
    ]);
  });

  test("is the same for documents in any order, read from a stream", async () => {
    async function* stream() {
      yield* [...lines].reverse();
    }
    expect((await trainTokenizer(stream(), preset)).toJSON()).toEqual((await trainTokenizer(lines, preset)).toJSON());
  });

  test("reports progress", async () => {
    const seen: TrainProgress[] = [];
    await trainTokenizer(lines, { ...preset, onProgress: (progress) => seen.push(progress) });
    expect(seen.filter(({ phase }) => phase === "count").at(-1)?.documents).toBe(lines.length);
    expect(seen.at(-1)).toMatchObject({ phase: "train", fraction: 1 });
  });
});

describe("threads", () => {
  test.each([1, 3])("%i give the same encodings", async (threads) => {
    const tokenizer = await trainTokenizer(lines, preset);
    const pool = createEncoderPool(tokenizer, { threads });
    try {
      const padding = { length: "longest", multipleOf: 8 } as const;
      expect(await pool.encodeBatch(lines, { padding })).toEqual(tokenizer.encodeBatch(lines, { padding }));
      expect(await pool.encodeIdsBatch(lines)).toEqual(lines.map((line) => tokenizer.encodeIds(line)));
      await expect(pool.encodeBatch(lines, { truncation: { maxLength: 0 } })).rejects.toThrow("truncation.maxLength");
    } finally {
      await pool.dispose();
    }
  });
});

describe("counting in threads", () => {
  const pipeline = { addedTokens: [], normalizer: null, preTokenizer: { type: "Whitespace" } };
  const count = async (threads: number, documents: Iterable<string>) => {
    let seen = 0;
    const { words } = await countWordsInThreads({ threads })(documents, pipeline, () => seen++, 1 << 22);
    return { seen, words };
  };

  test.each([1, 3])("%i threads count every word of a long text", async (threads) => {
    // Seven million characters: threads start after the first four.
    const documents = Array.from({ length: 7000 }, (_, n) => `own${n} ${"common word ".repeat(83)}`);
    const { seen, words } = await count(threads, documents);
    expect(seen).toBe(7000);
    expect([words.size, words.get("common"), words.get("word")]).toEqual([7002, 83 * 7000, 83 * 7000]);
    expect(documents.every((_, n) => words.get(`own${n}`) === 1)).toBe(true);
  });

  test("ends the threads where the documents fail", async () => {
    function* failing() {
      yield "x".repeat(1 << 22);
      yield "y";
      throw new Error("no more");
    }
    await expect(count(2, failing())).rejects.toThrow("no more");
  });

  test("gives the same tokenizer for a short text", async () => {
    const countWords = countWordsInThreads({ threads: 2 });
    const threaded = await trainTokenizer(lines, { ...preset, countWords });
    expect(threaded.toJSON()).toEqual((await trainTokenizer(lines, preset)).toJSON());
  });
});

describe("options that cannot be", () => {
  const refused: [string, Partial<TrainOptions>, string][] = [
    ["vocabSize smaller than the alphabet", { vocabSize: 20 }, "expected vocabSize of at least"],
    ["vocabSize smaller than the special tokens", { vocabSize: 3 }, "expected vocabSize of at least 7"],
    [
      "vocabSize that the text does not give",
      { vocabSize: 30_000 },
      'all that the text gives, got 30000; read more text or lower it, or set size to "trained"',
    ],
    [
      "minFrequency that leaves too little",
      { vocabSize: 30_000, minFrequency: 5 },
      'got 30000; read more text or lower it, lower minFrequency, or set size to "trained"',
    ],
    ["vocabSize of a fraction", { vocabSize: 1.5 }, "vocabSize to be an integer"],
    ["vocabSize that is not a number", { vocabSize: Number.NaN }, "vocabSize to be an integer"],
    ["a special token twice", { specialTokens: ["<unk>", "<pad>", "<pad>"] }, '"<pad>"; it is there twice'],
    ["an empty special token", { specialTokens: ["<unk>", ""] }, "specialTokens that are not empty"],
    ["an unknown token that is not special", { unkToken: "[UNK]" }, "unkToken to be one of specialTokens"],
    ["an unknown model", { model: "Markov" as never }, "expected model to be"],
    [
      "a component that does not exist",
      { normalizer: { type: "UnicodeScripts" } },
      'normalizer "UnicodeScripts" at normalizer is not supported',
    ],
    [
      "a template with a token that is not special",
      { template: { single: "$A <end>", pair: "$A $B" } },
      '"<end>"; add it to specialTokens',
    ],
  ];
  test.each(refused)("%s", async (_, change, message) => {
    await expect(trainTokenizer(lines, { ...preset, ...change })).rejects.toThrow(message);
  });

  test("a size that the text cannot have comes apart, for who calls it by another name", async () => {
    const error = await trainTokenizer(lines, { ...preset, vocabSize: 30_000 }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(VocabSizeError);
    const { limit, vocabSize, remedy } = error as VocabSizeError;
    const most = (await trainTokenizer(lines, { ...preset, vocabSize: 30_000, size: "trained" })).vocabSize;
    expect({ limit, vocabSize, remedy }).toEqual({
      limit: `at most ${most.toLocaleString("en-US")}, all that the text gives`,
      vocabSize: 30_000,
      remedy: "read more text or lower it",
    });
  });

  test.each(["Unigram", "BPE"] as const)("%s with a vocabulary smaller than the alphabet", async (model) => {
    const options: TrainOptions = { model, vocabSize: 20, preTokenizer: { type: "Whitespace" } };
    await expect(trainTokenizer(lines, options)).rejects.toThrow("expected vocabSize of at least");
  });
});

test.each(Object.keys(kinds))("%s: no documents", async (name) => {
  const tokenizer = await trainTokenizer([], { ...kinds[name]!, size: "trained" });
  expect(tokenizer.vocabSize).toBe(kinds[name]!.specialTokens?.length ?? 0);
});

test("the words of parts, counted apart and merged, make the same tokenizer", async () => {
  const whole = await trainTokenizer(lines, preset);
  const [first, ...rest] = await Promise.all(
    [0, 1, 2].map((part) =>
      countWords(
        lines.filter((_, n) => n % 3 === part),
        preset,
      ),
    ),
  );
  for (const counted of rest) mergeCountedWords(first!, counted);
  const merged = await trainTokenizer([], { ...preset, countWords: async () => first! });
  expect(merged.toJSON()).toEqual(whole.toJSON());
});
