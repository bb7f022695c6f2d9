import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { comparisonKey, type Recipe, recipes, type SweepResult } from "@cramkit/recipes";

interface Made {
  readonly variant: string;
  readonly losses?: readonly number[];
  readonly settings?: Record<string, unknown>;
  readonly change?: (recipe: Recipe) => Recipe;
}

/** The folder of a sweep with results that were never run; a variant without losses failed. */
export const sweepFolder = (variants: readonly Made[]): string => {
  const folder = mkdtempSync(join(tmpdir(), "sweep-"));
  const results = variants.flatMap(({ variant, losses = [Number.NaN], settings = {}, change }) =>
    losses.map((loss, index): SweepResult => {
      const id = `${variant.replace(/\W+/g, "-")}.seed-${index + 1}`;
      const base = recipes.smoke();
      const recipe = { ...(change?.(base) ?? base), seed: index + 1, corpus: { ...base.corpus, seed: 1 } };
      const head = { sweep: "toy", id, variant, seed: index + 1, settings, key: "" };
      if (Number.isNaN(loss)) return { ...head, status: "failed", error: { message: "expected <more>, got less" } };
      mkdirSync(join(folder, id));
      writeFileSync(join(folder, id, "recipe.json"), JSON.stringify(recipe));
      const rows = Array.from({ length: 40 }, (_, i) => ({
        microbatch: i + 1,
        tokens: 100 * (i + 1),
        elapsedMs: 500 * (i + 1),
        loss: loss + 3 / (i + 1),
        ...(i % 10 === 9 && { heldOutLoss: loss }),
      }));
      writeFileSync(join(folder, id, "metrics.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
      const numbers = { parameters: 10, steps: 40, tokens: 4000, flops: 4e9, seconds: 20 };
      writeFileSync(
        join(folder, id, "summary.json"),
        JSON.stringify({ ...numbers, flopsPerToken: 1e6, elapsedMs: 20_000 }),
      );
      const comparison = comparisonKey(recipe);
      return {
        ...head,
        status: "done",
        comparison,
        ...numbers,
        heldOutLoss: loss,
        heldOutAccuracy: 0.5,
        unigramLoss: 6,
      };
    }),
  );
  const runs = [...results, { id: "later.seed-1", variant: "later", seed: 1 }];
  writeFileSync(
    join(folder, "sweep.json"),
    JSON.stringify({ format: 1, sweep: { name: "toy", description: "<toys>" }, runs }),
  );
  writeFileSync(join(folder, "results.jsonl"), results.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return folder;
};
