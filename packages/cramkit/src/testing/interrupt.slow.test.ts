import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { smallRun, startCramkit } from "./command-line.testing.ts";
import { expectHeard, interruptedOnce, partialsIn } from "./interrupt.testing.ts";

// Ctrl-C is heard within two seconds in the stages of the commands, says what is kept, and ends with 130.

const words = Array.from({ length: 30_000 }, (_, n) => ((n * 2654435761) >>> 0).toString(26));
const text = (sentences: number): string => {
  let state = 1;
  const word = () => words[(state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) % words.length];
  return Array.from({ length: sentences }, () => `${Array.from({ length: 14 }, word).join(" ")}.`).join("\n");
};

/** A recipe over text that takes seconds to prepare. */
const longPreparation = (): string => {
  const root = smallRun(100_000);
  writeFileSync(join(root, "text.txt"), text(150_000));
  const recipe = JSON.parse(readFileSync(join(root, "recipe.json"), "utf8"));
  recipe.tokenizer = { model: "WordPiece", vocabSize: 8000 };
  writeFileSync(join(root, "recipe.json"), JSON.stringify(recipe));
  return root;
};

const longText = (): string => {
  const root = mkdtempSync(join(tmpdir(), "cramkit-"));
  writeFileSync(join(root, "text.txt"), text(300_000));
  return root;
};

it.each<[stage: string, folder: () => string, args: readonly string[], begun: RegExp]>([
  ["reading", longPreparation, ["prepare", "recipe.json", "--data", "data"], /reading:/],
  ["training the tokenizer", longPreparation, ["prepare", "recipe.json", "--data", "data"], /training the tokenizer/],
  ["packing", longPreparation, ["prepare", "recipe.json", "--data", "data"], /(packing|sorting|writing) training rows/],
  ["pretraining", () => smallRun(100_000), ["run", "recipe.json"], /training:/],
  ["tokenizer train", longText, ["tokenizer", "train", "text.txt", "--out", "tokenizer.json"], /(reading|training):/],
] as const)("hears Ctrl-C within two seconds while %s", { timeout: 600_000 }, async (_, folder, args, begun) => {
  const cwd = folder();
  const started = startCramkit(args, { cwd });
  const heard = await interruptedOnce(started, () => begun.test(started.error()));
  expectHeard(heard, args);
  expect(heard.error).toMatch(/SIGINT: .*(saving|kept)/);
  expect(partialsIn(cwd)).toEqual([]);
});
