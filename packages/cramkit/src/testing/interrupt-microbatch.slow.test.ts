import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { smallRun, startCramkit } from "./command-line.testing.ts";
import { expectHeard, interruptedOnce, partialsIn } from "./interrupt.testing.ts";

/** A recipe whose only microbatch takes ten seconds and more, each of its products a fraction of one. */
const wideRun = (): string => {
  const root = smallRun(100);
  const file = join(root, "recipe.json");
  const recipe = JSON.parse(readFileSync(file, "utf8"));
  recipe.model = { ...recipe.model, hidden: 512, intermediate: 2048, heads: 8, layers: 4 };
  recipe.training = { ...recipe.training, batchSize: 256, microbatchSize: 256 };
  recipe.backend = { ...recipe.backend, name: "cpu", threads: 1, products: "wasm" };
  recipe.evaluation = { ...recipe.evaluation, every: 1, rows: 1, probes: { ...recipe.evaluation.probes, trials: 0 } };
  writeFileSync(file, JSON.stringify(recipe));
  return root;
};

it("hears Ctrl-C in the middle of a long microbatch, gives it up, and keeps what was before", {
  timeout: 300_000,
}, async () => {
  const cwd = wideRun();
  const started = startCramkit(["pretrain", "recipe.json", "--data", "data"], { cwd });
  const checkpoints = join(cwd, "runs", "small", "checkpoints");
  let beganAt = 0;
  const heard = await interruptedOnce(started, () => {
    if (beganAt === 0 && existsSync(join(checkpoints, "microbatch-0000000000"))) beganAt = performance.now();
    return beganAt > 0 && performance.now() - beganAt > 3000; // in the middle of the first microbatch
  });
  expectHeard(heard, ["pretrain"]);
  expect(heard.error).toMatch(/SIGINT: finishing the step and saving/);
  expect(heard.error.match(/SIGINT:/g)).toHaveLength(1);
  expect(heard.error).toMatch(/stopped at 0\.0 % of the budget; `cramkit resume/);
  expect(partialsIn(cwd)).toEqual([]);
});
