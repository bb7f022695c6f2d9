import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prepare } from "../prepare/prepare.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { quiet, sentences, tinyRun } from "./tiny.testing.ts";

export type Corpus = Recipe["corpus"];

/** A recipe over JSON lines of `texts`, or of any other sources. */
export const setUp = (changes: Partial<Corpus> = {}, texts: readonly string[] = documents) => {
  const { recipe, root } = tinyRun();
  const path = join(root, "text.jsonl");
  writeFileSync(path, texts.map((text, n) => `${JSON.stringify({ id: `d${n}`, text })}\n`).join(""));
  const corpus: Corpus = { ...recipe.corpus, sources: [{ kind: "files", path }], ...changes };
  return { root, path, data: join(root, "data"), recipe: { ...recipe, corpus } as Recipe };
};

export const words = sentences(800);
export const documents = Array.from({ length: 160 }, (_, n) => words.slice(5 * n, 5 * n + 5).join(" "));

/** Every file of a folder with the digest of its bytes. */
export const digests = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path.slice(folder.length), createHash("sha256").update(readFileSync(path)).digest("hex")]),
  );

export const prepared = async (recipe: Recipe, data: string, context = quiet) => {
  const { folder, report, training, heldOut, close } = await prepare(recipe, data, context);
  close();
  return { folder, report, rows: training.rowCount, heldOutRows: heldOut.rowCount };
};
