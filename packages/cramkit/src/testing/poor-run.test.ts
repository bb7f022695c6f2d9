import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startCramkit } from "./command-line.testing.ts";

/** A run over common and rare words, of so many steps; what it said. */
const run = async (steps: number): Promise<string> => {
  const cwd = mkdtempSync(join(tmpdir(), "cramkit-"));
  const lines = Array.from({ length: 1500 }, (_, i) => `Entry ${i % 97} says that cat ${i % 13} sat on mat ${i % 7}.`);
  writeFileSync(join(cwd, "text.txt"), lines.join("\n"));
  const set = [
    `training.budget=${steps} steps`,
    "tokenizer.vocabSize=80",
    "corpus.exactDuplicates=false",
    "corpus.compressionTokenizer=null",
    "corpus.maxTokensPerCharacter=null",
    "evaluation.probes.trials=0",
  ];
  const args = ["run", "smoke", "--text", "text.txt", "--unit", "line", "--backend", "cpu"];
  const { code, error } = await startCramkit([...args, ...set.flatMap((one) => ["--set", one])], { cwd }).ended;
  expect(error + code).toMatch(/0$/);
  return error;
};

const warning =
  /warning: the model ends at a held-out loss of \d+\.\d{3}, far above the \d+\.\d{3} of a model that knows token frequencies alone: it has not learned;/;

it("says at the end of a run that its model has not learned", { timeout: 240_000 }, async () => {
  expect(await run(1)).toMatch(warning);
});

it("says nothing of the kind of a run that learned", { timeout: 240_000 }, async () => {
  expect(await run(200)).not.toMatch(/it has not learned/);
});
