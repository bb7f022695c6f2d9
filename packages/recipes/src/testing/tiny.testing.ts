import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDraws, streamKey } from "@cramkit/random";
import { smoke } from "../catalogue/smoke.ts";
import type { RunContext } from "../progress.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { studyTokenizer } from "../recipe/tokenizer-options.ts";

const words =
  "the quick brown fox jumps over a lazy dog while seven old wizards brew strange potions under cold rain".split(" ");

/** Sentences that a small model can learn something from, the same for the same number. */
export const sentences = (count: number): string[] => {
  const { below: next } = createDraws(streamKey(1, "sentences"));
  return Array.from({ length: count }, () => {
    const start = next(words.length);
    const sentence = Array.from({ length: 8 + next(6) }, (_, i) => words[(start + i) % words.length]!).join(" ");
    return `${sentence[0]!.toUpperCase()}${sentence.slice(1)}.`;
  });
};

/** A recipe over generated text that runs in a second or two, and an empty folder to run it in. */
export const tinyRun = (changes: Partial<Recipe["training"]> = {}): { recipe: Recipe; root: string } => {
  const root = mkdtempSync(join(tmpdir(), "cramkit-run-"));
  const text = join(root, "text.txt");
  const lines = sentences(1200);
  writeFileSync(text, Array.from({ length: 120 }, (_, i) => lines.slice(10 * i, 10 * i + 10).join(" ")).join("\n"));
  const base = smoke();
  return {
    root,
    recipe: {
      ...base,
      name: "tiny",
      backend: { ...base.backend, threads: 1, products: "wasm" },
      corpus: {
        ...base.corpus,
        sources: [{ kind: "files", path: text, unit: "line" }],
        minCharacters: 0,
        exactDuplicates: false,
      },
      tokenizer: studyTokenizer("WordPiece", 100),
      training: { ...base.training, budget: "12 steps", batchSize: 16, batchRamp: 0.5, microbatchSize: 8, ...changes },
      evaluation: { ...base.evaluation, heldOut: 0.2, probes: { ...base.evaluation.probes, trials: 0 } },
    },
  };
};

/** A context that says nothing and never stops. */
export const quiet: RunContext = { onProgress() {}, say() {} };
