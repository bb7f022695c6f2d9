import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Interrupted } from "../../progress.ts";
import type { Recipe } from "../../recipe/recipe.ts";
import { type Corpus, digests, documents, prepared, setUp } from "../../testing/prepared.testing.ts";
import { quiet } from "../../testing/tiny.testing.ts";
import { prepareTask } from "./prepare-task.ts";

/** Files of unequal length, with text that several share, broken records, marks, and words that are left out. */
const manyFiles = (changes: Partial<Corpus>, files = 7) => {
  const { root, recipe } = setUp(changes);
  const folder = join(root, "texts");
  mkdirSync(folder);
  for (let file = 0; file < files; file++) {
    const own = documents.filter((_, n) => n % (files + 1) >= file);
    const texts = own.map((text, n) =>
      n % 9 === 4
        ? documents[n]!
        : n % 11 === 3
          ? `“${text}”\u00a0 \u0301 ${"qjx zvk ".repeat(30)}`
          : `${text} ${file}.`,
    );
    const lines = texts.map((text, n) =>
      n % 20 === 7 ? '{"text": 1' : JSON.stringify({ id: n % 3 ? `${file}/${n}` : undefined, text, kind: n % 4 }),
    );
    writeFileSync(join(folder, `${file}.jsonl`), `${lines.join("\n")}\n\ud83d`);
  }
  const source = { kind: "files" as const, path: folder, where: { kind: [0, 1, 2] } };
  const corpus = { ...recipe.corpus, sources: [source], maxBadShare: 0.2, ...changes };
  return { root, recipe: { ...recipe, corpus } as Recipe, folder };
};

/** Calls every task once a stage, in an order of its own each time, until all is prepared; the folder. */
const byTasks = async (recipe: Recipe, data: string, of: number): Promise<string> => {
  const at: unknown[] = [];
  for (let round = 0; round < 6; round++) {
    for (let n = 0; n < of; n++) {
      const task = (n * 5 + round) % of;
      const { folder, waitsIn } = await prepareTask(recipe, data, { task, of }, quiet);
      if (waitsIn === undefined) return folder;
      at.push([task, waitsIn]);
      expect(waitsIn.missing).toBeGreaterThan(0);
    }
  }
  throw new Error(`six rounds were not enough: ${JSON.stringify(at)}`);
};

const near = { words: 5, bands: 14, rows: 8 };
const evaluation = (root: string) => {
  const path = join(root, "evaluation.txt");
  writeFileSync(path, documents[40]!);
  return { sources: [{ kind: "files" as const, path, unit: "file" as const }], words: 13 };
};

/** By the rules of long text, without those that the short sentences of these tests break. */
const quality = (minWords: number) => ({
  ...{ minWords, maxWords: 100_000, minWordLength: 0, maxWordLength: 10, maxSymbols: 0.1, minLetterWords: 0.8 },
  ...{ minStopWords: 0, maxBulletLines: 0.9, maxEllipsisLines: 0.3, maxRepeatedLines: 0.3, minSentenceLines: 0 },
});

const phase = { from: 0.8, sources: null, quality: null };

const cases: [string, Partial<Corpus>, Partial<Recipe["tokenizer"]>][] = [
  ["as it comes", { shuffle: false }, {}],
  ["cleaned, shuffled, without duplicates", { shuffle: true, cleaning: "reference", exactDuplicates: true }, {}],
  ["without near-duplicates", { shuffle: true, minCharacters: 60, maxCharacters: 800, nearDuplicates: near }, {}],
  [
    "with every filter",
    {
      ...{ shuffle: true, cleaning: "basic", minCharacters: 60, exactDuplicates: true, duplicateBytes: 200 },
      ...{ nearDuplicates: near, maxTokensPerCharacter: 0.9 },
    },
    {},
  ],
  [
    "with rules of quality, and the best of it last",
    { shuffle: true, quality: quality(40), lastPhase: { ...phase, quality: quality(60) } },
    {},
  ],
  ["with other text last", { shuffle: true, lastPhase: { ...phase, sources: [{ kind: "novels" }] } }, {}],
  ["the first joined documents", { shuffle: false, joinSuccessive: 3, maxDocuments: 50, maxTokens: 30 }, {}],
  ["joined documents in a drawn order", { shuffle: true, joinSuccessive: 3, maxDocuments: 50 }, {}],
  ["as bytes", { shuffle: true }, { model: "BPE", vocabSize: 380, text: "multilingual" }],
];

it.each(cases)(
  "gives the bytes of one process for 1, 3 and 8 tasks: %s",
  { timeout: 120_000 },
  async (_, corpus, tokenizer) => {
    const { root, recipe: plain } = manyFiles(corpus);
    const recipe = { ...plain, tokenizer: { ...plain.tokenizer, ...tokenizer } } as Recipe;
    const whole = await prepared(recipe, join(root, "whole"));
    expect(whole.report.sources[0]!.read).toMatchObject({ badRecords: expect.any(Number) });
    const expected = digests(whole.folder);
    for (const of of [1, 3, 8]) expect(digests(await byTasks(recipe, join(root, `${of}`), of))).toEqual(expected);
  },
);

it("gives the same bytes of mixed sources, begun again, decontaminated, and measured by another tokenizer", {
  timeout: 120_000,
}, async () => {
  const { root, recipe: plain, folder } = manyFiles({ shuffle: true });
  const first = await prepared(plain, join(root, "first"));
  const paths = [join(folder, "0.jsonl"), join(folder, "1.jsonl")];
  const sources = [plain.corpus.sources[0]!, { kind: "files", path: paths, weight: 2 }];
  const corpus = {
    ...{ ...plain.corpus, sources, whenSourceEnds: "repeat", decontamination: evaluation(root), duplicateBytes: 400 },
    ...{ nearDuplicates: { ...near, rows: 16 }, maxTokensPerCharacter: 0.6 },
    compressionTokenizer: join(first.folder, "tokenizer.json"),
  };
  const recipe = { ...plain, corpus } as Recipe;
  const whole = await prepared(recipe, join(root, "whole"));
  expect(whole.report.sources.map(({ epochs }) => epochs)).toEqual([1, expect.any(Number)]);
  expect(whole.report.sources[1]!.epochs).toBeGreaterThan(1);
  const dropped = whole.report.filters.map(({ dropped }) => dropped.documents);
  expect([dropped[0], dropped[1], dropped[2], dropped[3]].map((n) => n! > 0)).toEqual([true, true, true, true]);
  expect(digests(await byTasks(recipe, join(root, "tasks"), 3))).toEqual(digests(whole.folder));
});

it("repeats what a stopped task was at, and reads a file again that has changed", { timeout: 120_000 }, async () => {
  const { root, recipe, folder } = manyFiles({ shuffle: true, exactDuplicates: true });
  const data = join(root, "stopped");
  let stops = 0;
  for (let n = 1; n <= 60; n++) {
    const controller = new AbortController();
    let reports = 0;
    const onProgress = () => void (++reports % (17 * n) === 0 && controller.abort());
    try {
      const of = 2 + (n % 3); // not even the number of tasks has to stay
      const { waitsIn } = await prepareTask(
        recipe,
        data,
        { task: n % of, of },
        { ...quiet, onProgress, signal: controller.signal },
      );
      if (waitsIn?.stage === "reading" && n < 6)
        appendFileSync(join(folder, "0.jsonl"), `{"text": "A new one, ${n}."}\n`);
      if (waitsIn === undefined) break;
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      stops++;
    }
  }
  expect(stops).toBeGreaterThan(2);
  const whole = await prepared(recipe, join(root, "whole"));
  expect(digests(await byTasks(recipe, data, 2))).toEqual(digests(whole.folder));
});

it("lets tasks that run at once wait for one another", { timeout: 120_000 }, async () => {
  const { root, recipe } = manyFiles({ shuffle: true });
  const data = join(root, "at-once");
  const all = [0, 1, 2].map((task) => prepareTask(recipe, data, { task, of: 3, wait: true }, quiet));
  const [first] = await Promise.all(all);
  expect(first!.waitsIn).toBeUndefined();
  const whole = await prepared(recipe, join(root, "whole"));
  expect(digests(first!.folder)).toEqual(digests(whole.folder));
});

it("says what it does not share out", async () => {
  const { root, recipe, folder } = manyFiles({});
  const data = join(root, "refused");
  const ids = [{ kind: "ids" as const, path: folder }];
  const ofIds = {
    ...recipe,
    corpus: { ...recipe.corpus, sources: ids },
    tokenizer: { ...recipe.tokenizer, from: "tokenizer.json" },
  } as Recipe;
  await expect(prepareTask(ofIds, data, { task: 0, of: 2 }, quiet)).rejects.toThrow(
    "corpus.sources: expected text, which tasks share out, got ids, which are packed as they are; prepare them in one process",
  );
  await expect(prepareTask(recipe, data, { task: 2, of: 2 }, quiet)).rejects.toThrow(
    "expected a task of 0 to of - 1, got 2 of 2",
  );
});

it("stops all tasks if the text changes once it is merged", { timeout: 60_000 }, async () => {
  const { root, recipe, folder } = manyFiles({});
  const data = join(root, "changed");
  for (const task of [0, 1]) await prepareTask(recipe, data, { task, of: 2 }, quiet);
  appendFileSync(join(folder, "3.jsonl"), '{"text": "More."}\n');
  await expect(prepareTask(recipe, data, { task: 0, of: 2 }, quiet)).rejects.toThrow(
    /3\.jsonl has changed; remove this folder, and start all tasks again$/,
  );
});

it("stops where too many records of all files are bad, as one process does", { timeout: 60_000 }, async () => {
  const { root, recipe } = manyFiles({ maxBadShare: 0.01 });
  const failed = await prepared(recipe, join(root, "whole")).catch((error: Error) => error.message);
  expect(failed).toMatch(/records are bad, more than the allowed share of 0\.01/);
  await expect(byTasks(recipe, join(root, "tasks"), 3)).rejects.toThrow(failed as string);
});
