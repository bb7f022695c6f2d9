import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startCramkit } from "./command-line.testing.ts";
import { measuredOf, onRanks, ranksLaunchers, ranksRun, worstDifference } from "./ranks.testing.ts";

const timeout = 240_000;
const run = ["run", "recipe.json", "--dir", "run"];

if (ranksLaunchers.length === 0)
  console.warn("no mpirun.openmpi and no mpirun.mpich here: training on several ranks is not tested");

for (const launcher of ranksLaunchers)
  it(`${launcher.name}: two ranks train as one does, with accumulation and dropout, and resume as one would`, {
    timeout,
  }, async () => {
    const root = ranksRun(8, { training: { dropout: 0.1 } });
    const alone = startCramkit(["run", "recipe.json", "--dir", "alone"], { cwd: root });
    expect(await alone.ended).toMatchObject({ code: 0 });
    // It ends with an error if the weights of its ranks differ in one bit.
    const { code, error, out } = await onRanks(launcher, [[2, run]], root);
    expect(code, error).toBe(0);
    expect(error.match(/training on 2 ranks/g)).toHaveLength(1); // rank 0 alone says something
    expect(out.match(/fill-mask/g)).toHaveLength(1);
    const [one, two] = ["alone", "run"].map((name) => measuredOf(join(root, name)));
    expect(worstDifference(two!, one!)).toBeLessThan(1e-6);
    const more = await onRanks(launcher, [[2, ["resume", "run", "--set", "training.budget=10 steps"]]], root);
    expect(more.code, more.error).toBe(0);
    expect(measuredOf(join(root, "run")).at(-1)).toMatchObject({ step: 10 });
  });

for (const launcher of ranksLaunchers)
  it(`${launcher.name}: ranks take steps of their own, send halves, and agree at the end`, {
    timeout,
  }, async () => {
    const localSteps = { every: 3, outerLearningRate: 0.7, outerMomentum: 0.9 };
    const root = ranksRun(10, { training: { localSteps, exchange: "float16" } });
    // It ends with an error if the weights of its ranks differ in one bit; 10 steps are no multiple of 3.
    const { code, error } = await onRanks(launcher, [[2, run]], root);
    expect(code, error).toBe(0);
    const rows = measuredOf(join(root, "run"));
    expect(rows.at(-1)!.step).toBe(10);
    for (const { loss = 1 } of rows) expect(loss).toBeGreaterThan(0);
    const more = await onRanks(launcher, [[1, ["resume", "run", "--set", "training.budget=12 steps"]]], root);
    expect(more.code, more.error).toBe(0);
    expect(measuredOf(join(root, "run")).at(-1)).toMatchObject({ step: 12 });
  });

describe.skipIf(ranksLaunchers.length === 0)("one line says what is wrong, and all ranks end", () => {
  const other = (words: string[]) => [...run, ...words];
  it.each([
    [
      "another recipe",
      [
        [1, run],
        [1, other(["--set", "seed=7"])],
      ],
      /other values than rank 0's for the recipe \(rank 1\)/,
    ],
    [
      "data that is not shared",
      [
        [1, run],
        [1, other(["--data", "elsewhere"])],
      ],
      /rank 1 of 2, elsewhere.*expected the rows that rank 0/,
    ],
    [
      "more ranks than rows",
      [[2, other(["--set", "training.batchSize=3", "--set", "training.microbatchSize=1"])]],
      /training.batchSize: expected a multiple of the 2 ranks.*, got 3/,
    ],
    [
      "an optimizer that looks back",
      [[2, other(["--set", "training.optimizer.name=sophia"])]],
      /2 ranks can share, got training.optimizer.name=sophia/,
    ],
  ] as const)("%s", { timeout }, async (_, parts, expected) => {
    const { code, error } = await onRanks(ranksLaunchers[0]!, parts, ranksRun(4));
    expect(code).not.toBe(0);
    expect(error.match(/^cramkit: .*$/gm)).toEqual([expect.stringMatching(expected)]);
  });
});
