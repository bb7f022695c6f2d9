import { rowsInMemory } from "@cramkit/packer";
import { expect, it } from "vitest";
import { recipes } from "../catalogue/recipes.ts";
import { novelsTokenizer } from "../prepare/novels-tokenizer.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { applySettings } from "../recipe/settings.ts";
import { type TrainingCursor, trainingBatches } from "./batches.ts";

it("goes through the rows from the last to the first where the recipe says so", { timeout: 60_000 }, async () => {
  const tokenizer = await novelsTokenizer();
  const rows = Int32Array.from({ length: 5 * 8 }, (_, i) => 100 + Math.floor(i / 8));
  const training = rowsInMemory(rows, { seqLength: 8, vocabSize: tokenizer.idLimit, key: "k" });
  const order = async (settings: string[]) => {
    const recipe = applySettings(recipes.smoke(), settings);
    const seen: number[] = [];
    for await (const { batch } of trainingBatches(
      recipe,
      { training: training as never, tokenizer },
      { batchSize: 1 },
    )) {
      const values = [...batch.inputIds];
      seen.push([100, 101, 102, 103, 104].find((id) => values.filter((value) => value === id).length > 3)!);
      if (seen.length === 6) break;
    }
    return seen;
  };
  expect(await order([])).toEqual([100, 101, 102, 103, 104, 100]);
  expect(await order(["training.reverseRows=true"])).toEqual([104, 103, 102, 101, 100, 104]);
});

it("changes to the rows of the last phase and back, each from where it stood, and resumes anywhere", async () => {
  const tokenizer = await novelsTokenizer();
  const rows = (first: number) =>
    rowsInMemory(
      Int32Array.from({ length: 4 * 8 }, (_, i) => first + Math.floor(i / 8)),
      {
        seqLength: 8,
        vocabSize: tokenizer.idLimit,
        key: String(first),
      },
    );
  const prepared = { training: rows(100), lastPhase: rows(200), tokenizer } as never;
  const recipe: Recipe = recipes.smoke();
  recipe.corpus.lastPhase = { from: 0.5, sources: null, quality: null };
  const fractions = [0, 0.1, 0.4, 0.5, 0.9, 0.3, 0.6, 1];
  const seen: number[] = [];
  const cursors: TrainingCursor[] = [];
  /** Each batch is asked for at a fraction of its own. */
  const go = async (from: number, cursor?: TrainingCursor) => {
    let at = from;
    const found: string[] = [];
    const options = { batchSize: 1, cursor, fraction: () => fractions[at]! };
    for await (const { batch, cursor } of trainingBatches(recipe, prepared, options)) {
      const ids = [...batch.inputIds];
      if (from === 0) {
        seen.push(
          [100, 101, 102, 103, 200, 201, 202, 203].find((id) => ids.filter((value) => value === id).length > 3)!,
        );
        cursors.push(cursor);
      }
      found.push(ids.join());
      if (++at === fractions.length) return found;
    }
    return found;
  };
  const whole = await go(0);
  expect(seen).toEqual([100, 101, 102, 200, 201, 103, 202, 203]);
  for (let from = 1; from < fractions.length; from++)
    expect(await go(from, JSON.parse(JSON.stringify(cursors[from - 1])))).toEqual(whole.slice(from));
});
