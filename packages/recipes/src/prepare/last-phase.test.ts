import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Interrupted, type StageProgress } from "../progress.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { comparisonKey } from "../sweep/comparison.ts";
import { type Corpus, digests, documents, prepared, setUp } from "../testing/prepared.testing.ts";
import { quiet, sentences } from "../testing/tiny.testing.ts";
import { prepare } from "./prepare.ts";

const best = Array.from(
  { length: 40 },
  (_, n) =>
    `Best ${n}: ${sentences(400)
      .slice(10 * n, 10 * n + 10)
      .join(" ")}`,
);

type LastPhase = NonNullable<Corpus["lastPhase"]>;

const withLastPhase = (recipe: Recipe, lastPhase: Partial<LastPhase>): Recipe => ({
  ...recipe,
  corpus: { ...recipe.corpus, lastPhase: { from: 0.8, sources: null, quality: null, ...lastPhase } },
});

/** By the rules of long text, without those that the short sentences of these tests break. */
const longer = { minWords: 80, minStopWords: 0, minWordLength: 0, minSentenceLines: 0 } as NonNullable<
  Corpus["quality"]
>;
const quality: NonNullable<Corpus["quality"]> = {
  ...{ maxWords: 100_000, maxWordLength: 10, maxSymbols: 0.1, minLetterWords: 0.8 },
  ...{ maxBulletLines: 0.9, maxEllipsisLines: 0.3, maxRepeatedLines: 0.3 },
  ...longer,
};

const rowsOf = async (recipe: Recipe, data: string) => {
  const { training, heldOut, lastPhase, folder, close } = await prepare(recipe, data, quiet);
  close();
  return {
    training: training.rowCount,
    heldOut: heldOut.rowCount,
    lastPhase: lastPhase?.rowCount,
    folder,
    manifest: lastPhase?.manifest,
  };
};

it("keeps the best documents of a corpus for the end, with the tokenizer and the held-out rows of the whole", async () => {
  const { recipe, data } = setUp({}, [...documents, ...best]);
  const plain = await rowsOf(recipe, data);
  const phased = withLastPhase(recipe, { quality });
  const parted = await rowsOf(phased, data);
  expect(plain.lastPhase).toBeUndefined();
  expect(parted.lastPhase).toBeGreaterThan(0);
  expect(parted.training + parted.lastPhase!).toBeGreaterThanOrEqual(plain.training - 1);
  expect(parted.training + parted.lastPhase!).toBeLessThanOrEqual(plain.training);
  const same = ["/tokenizer.json", "/held-out-texts.json", "/held-out/shard-00000.bin"];
  const [before, after] = [digests(plain.folder), digests(parted.folder)];
  for (const file of same) expect(after[file]).toBe(before[file]);
  expect(comparisonKey(phased)).toBe(comparisonKey(recipe));
});

it("reads sources of its own, filters them, and leaves out what is held out", async () => {
  const { recipe, data, root } = setUp();
  const path = join(root, "best.jsonl");
  // All documents of the corpus again: those that are held out must not come in by this door.
  const texts = [...best, ...documents, "menu"];
  writeFileSync(path, texts.map((text) => `${JSON.stringify({ text })}\n`).join(""));
  const phased = withLastPhase(recipe, { sources: [{ kind: "files", path }], quality: { ...quality, minWords: 2 } });
  const plain = await rowsOf(recipe, data);
  const own = await rowsOf(phased, data);
  expect([own.training, own.heldOut]).toEqual([plain.training, plain.heldOut]);
  expect(own.manifest!.report).toMatchObject({
    sources: [{ documents: texts.length }],
    filters: expect.arrayContaining([expect.objectContaining({ dropped: { documents: 1, characters: 4 } })]),
  });
  const heldOutDocuments = JSON.parse(JSON.stringify(own.manifest!.counts)) as { documents: number };
  const { report } = await prepared(recipe, data);
  expect(heldOutDocuments.documents).toBeLessThan(best.length + report.documents);
  expect(comparisonKey(phased)).toBe(comparisonKey(recipe));
});

it("stops where it is asked to and goes on to the same bytes", async () => {
  const { recipe, data, root } = setUp({ shuffle: true }, [...documents, ...best]);
  const phased = withLastPhase(recipe, { quality });
  const whole = digests((await prepared(phased, data)).folder);
  const seen = new Set<string>();
  for (let stops = 0; ; stops++) {
    const controller = new AbortController();
    const onProgress = ({ stage }: StageProgress) => {
      if (seen.has(stage)) return;
      seen.add(stage);
      controller.abort();
    };
    try {
      const { folder } = await prepared(phased, join(root, "stopped"), {
        ...quiet,
        onProgress,
        signal: controller.signal,
      });
      expect(stops).toBeGreaterThan(4);
      expect(digests(folder)).toEqual(whole);
      return;
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
    }
  }
});

it("is prepared anew for other text, and not for another beginning", async () => {
  const { recipe, data } = setUp({}, [...documents, ...best]);
  const folder = async (lastPhase: Partial<LastPhase>) =>
    (await prepared(withLastPhase(recipe, lastPhase), data)).folder;
  const one = await folder({ quality });
  expect(await folder({ quality, from: 0.5 })).toBe(one);
  expect(await folder({ quality: { ...quality, minWords: 70 } })).not.toBe(one);
});

it("says what to change if a part is empty", async () => {
  const { recipe, data } = setUp();
  const none = withLastPhase(recipe, { quality: { ...quality, minWords: 5000 } });
  await expect(prepared(none, data)).rejects.toThrow(
    /^the last-phase documents hold .* loosen corpus\.lastPhase\.quality/,
  );
  const all = withLastPhase(recipe, { quality: { ...quality, minWords: 0 } });
  await expect(prepared(all, data)).rejects.toThrow(
    /^the training documents hold .* tighten corpus\.lastPhase\.quality/,
  );
});
