import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Recipe } from "../recipe/recipe.ts";
import { quiet, tinyRun } from "../testing/tiny.testing.ts";
import { prepare } from "./prepare.ts";

/** Rows as an earlier preparation made them, and a recipe over their ids. */
const readyMade = async () => {
  const { recipe, root } = tinyRun();
  const made = await prepare(recipe, join(root, "data"), quiet);
  const { rowCount, seqLength } = made.training;
  const target = new Int32Array(rowCount * seqLength);
  made.training.readRows([...Array(rowCount).keys()], target);
  const rows = Array.from({ length: rowCount }, (_, i) => [...target.subarray(i * seqLength, (i + 1) * seqLength)]);
  made.close();
  const path = join(root, "ids");
  mkdirSync(path);
  writeFileSync(join(path, "rows.jsonl"), rows.map((ids) => JSON.stringify({ input_ids: ids })).join("\n"));
  cpSync(join(made.folder, "tokenizer.json"), join(root, "tokenizer.json"));
  const ready: Recipe = {
    ...recipe,
    corpus: { ...recipe.corpus, sources: [{ kind: "ids", path }] },
    tokenizer: { ...recipe.tokenizer, from: join(root, "tokenizer.json") },
    rows: { ...recipe.rows, order: "as-is" },
  };
  return { recipe: ready, root, rows, path };
};

it("packs rows of ids as they are, in their order, and holds some out", async () => {
  const { recipe, root, rows } = await readyMade();
  const { training, heldOut, heldOutTexts, close } = await prepare(recipe, join(root, "again"), quiet);
  const read = async (set: typeof training) => {
    const target = new Int32Array(set.rowCount * set.seqLength);
    await set.readRows([...Array(set.rowCount).keys()], target);
    return Array.from({ length: set.rowCount }, (_, i) =>
      target.subarray(i * set.seqLength, (i + 1) * set.seqLength).join(),
    );
  };
  const [trained, held] = [await read(training), await read(heldOut)];
  const all = rows.map((row) => row.join());
  expect(trained).toEqual(all.filter((row) => !held.includes(row)));
  expect(new Set([...trained, ...held])).toEqual(new Set(all));
  expect(held.length).toBeGreaterThan(0);
  expect(heldOutTexts.length).toBe(held.length);
  expect(heldOutTexts[0]!.length).toBeGreaterThan(10);
  close();
});

it("refuses ids above the vocabulary, ids beside texts, and ids without their tokenizer", async () => {
  const { recipe, root, path } = await readyMade();
  const data = join(root, "again");
  const without = { ...recipe, tokenizer: { ...recipe.tokenizer, from: null } };
  await expect(prepare(without, data, quiet)).rejects.toThrow(/expected the tokenizer that made the ids, got none/);
  const sources = [...recipe.corpus.sources, { kind: "novels" as const }];
  await expect(prepare({ ...recipe, corpus: { ...recipe.corpus, sources } }, data, quiet)).rejects.toThrow(/ids alone/);
  writeFileSync(join(path, "more.jsonl"), '{"input_ids":[5,70000]}\n');
  await expect(prepare(recipe, data, quiet)).rejects.toThrow(/more\.jsonl, line 1: expected ids below \d+ .*got 70000/);
});
