import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type Started, smallRun, startCramkit } from "./command-line.testing.ts";

// Ctrl-C is heard within two seconds in the stages of the commands, says what is kept, and ends with 130.

/** Seconds of processor time that a process has taken; the last that was seen of one that is gone. */
const processorSeconds = (pid: number): number | undefined => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return undefined;
  }
};

/** Sends Ctrl-C; how long the process went on, by the clock and in processor time: a machine may be busy with other work. */
const interrupted = async ({ child, ended }: Started) => {
  const before = processorSeconds(child.pid!) ?? 0;
  let used = before;
  const watch = setInterval(() => {
    used = processorSeconds(child.pid!) ?? used;
  }, 10);
  const at = performance.now();
  child.kill("SIGINT");
  const { code, error } = await ended;
  clearInterval(watch);
  return { code, error, seconds: (performance.now() - at) / 1000, used: used - before };
};

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
  ["tokenizer train", longText, ["tokenizer", "train", "text.txt", "--output", "tokenizer.json"], /./],
] as const)("hears Ctrl-C within two seconds while %s", { timeout: 600_000 }, async (_, folder, args, begun) => {
  const cwd = folder();
  const started = startCramkit(args, { cwd });
  let isOver = false;
  void started.ended.then(() => {
    isOver = true;
  });
  while (!begun.test(started.error()) && !isOver) await new Promise((wait) => setTimeout(wait, 5));
  const { code, error, seconds, used } = await interrupted(started);
  console.log(`${args.join(" ")}: ${seconds.toFixed(1)} s, ${used.toFixed(1)} s of the processor`);
  expect(error).toMatch(/SIGINT: .*(saving|kept)/);
  expect(code).toBe(130);
  expect(Math.min(seconds, used)).toBeLessThan(2);
  expect(readdirSync(cwd, { recursive: true }).filter((name) => /\.partial/.test(String(name)))).toEqual([]);
});
