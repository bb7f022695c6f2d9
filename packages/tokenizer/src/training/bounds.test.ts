import { expect, test } from "vitest";
import { crammingTokenizerOptions, type TrainProgress, trainTokenizer } from "../index.ts";
import { countWordsInThreads } from "../node.ts";
import { wordCounter } from "./word-counter.ts";

const whitespace = { addedTokens: [], normalizer: null, preTokenizer: { type: "Whitespace" } };

/** Processor time in seconds. */
const seconds = async (run: () => Promise<unknown>): Promise<number> => {
  const start = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
};

const rare = Array.from({ length: 3000 }, (_, n) => `rare${n} common words of the text`);

test("beyond maxWords the rarest words go, and it is said", async () => {
  const options = { ...crammingTokenizerOptions({ algorithm: "WordLevel", vocabSize: 40 }), size: "trained" as const };
  for (const countWords of [undefined, countWordsInThreads({ threads: 2 })]) {
    let last: TrainProgress | undefined;
    const tokenizer = await trainTokenizer(rare, {
      ...options,
      maxWords: 100,
      countWords,
      onProgress: (progress) => {
        last = progress;
      },
    });
    expect(last!.droppedWords).toBeGreaterThan(2000);
    for (const word of ["common", "words", "of", "the", "text"]) expect(tokenizer.tokenToId(word)).toBeDefined();
  }
});

test("frequent words keep their counts when rare ones go", () => {
  const counter = wordCounter(whitespace, 100);
  for (const text of rare) counter.add(text);
  const { words, dropped } = counter.words();
  expect(words.size).toBeLessThanOrEqual(100);
  expect(words.get("common")).toBe(3000);
  expect(dropped + words.size).toBe(3005);
});

test("words, and stretches without a place to cut, are counted in parts", () => {
  const counter = wordCounter(whitespace, 1 << 22);
  counter.add("a".repeat(3_000_000));
  counter.add(`${"\u{20000}".repeat(40_000)} b`);
  const { words } = counter.words();
  expect([...words.keys()].every((word) => word.length <= 1 << 16 && !/\p{Surrogate}/u.test(word))).toBe(true);
  const letters = [...words].reduce((sum, [word, count]) => sum + (word[0] === "a" ? word.length * count : 0), 0);
  expect(letters).toBe(3_000_000);
  expect(words.get("b")).toBe(1);
});

test.each(["WordPiece", "BPE", "Unigram", "SentencePieceUnigram", "SentencePieceBPE"] as const)(
  "%s: text of line feeds alone, and of one letter, ends soon",
  async (algorithm) => {
    const options = { ...crammingTokenizerOptions({ algorithm, vocabSize: 300 }), size: "trained" as const };
    for (const unit of ["\n", "a"])
      expect(await seconds(() => trainTokenizer([unit.repeat(500_000)], options))).toBeLessThan(20);
  },
);
