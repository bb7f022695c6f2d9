import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { tinyRun } from "../testing/tiny.testing.ts";
import { incomparable } from "./comparison.ts";
import { budgetTokens, estimateSweep } from "./estimate.ts";
import { findSweep } from "./find-sweep.ts";
import { planSweep } from "./plan.ts";
import { parseSweep, type SweepInput } from "./sweep.ts";

const folders = { folder: "/sweeps/one", dataFolder: "/sweeps/prepared" };
const plan = (changes: Partial<SweepInput>, options = {}) =>
  planSweep(parseSweep({ name: "one", recipe: "smoke", ...changes }, "sweep"), { ...folders, ...options });

it("makes a run of every variant, every cell of the grid and every seed, on one set of data", async () => {
  const { runs } = await plan({
    set: ["training.budget=8 steps"],
    variants: [{ name: "plain" }, { name: "Dropped out", set: { "training.dropout": 0.1 } }],
    grid: { "training.schedule.name": ["budget-linear", "budget-triangle2"], "training.optimizer.name": ["adamw"] },
    seeds: [3, 4],
  });
  expect(runs).toHaveLength(8);
  expect(runs.map(({ problem }) => problem)).toEqual(Array(8).fill(undefined));
  expect(runs[7]).toMatchObject({
    index: 7,
    variant: "Dropped out, schedule.name=budget-triangle2, optimizer.name=adamw",
    seed: 4,
    settings: { "training.dropout": 0.1, "training.schedule.name": "budget-triangle2" },
    folder: "/sweeps/one/dropped-out-schedule.name=budget-triangle2-optimizer.name=adamw.seed-4",
    recipe: { name: "one", seed: 4, corpus: { seed: 3 }, training: { budget: "8 steps", dropout: 0.1 } },
  });
  expect(new Set(runs.map(({ data }) => data)).size).toBe(1);
  expect(new Set(runs.map(({ folder }) => folder)).size).toBe(8);
});

it("names the sweep for its own settings, and --set for those of the caller", async () => {
  await expect(plan({ set: ["tokenizer.vocabSize=60"] })).rejects.toThrow(
    /^one: tokenizer\.vocabSize: expected .*got 60$/,
  );
  await expect(plan({ set: ["tokenizer.vocabSize"] })).rejects.toThrow(/^one: expected .*tokenizer\.vocabSize/);
  await expect(plan({}, { set: ["tokenizer.vocabSize=60"] })).rejects.toThrow(/^--set: tokenizer\.vocabSize/);
  const both = await plan({ set: ["tokenizer.vocabSize=60"] }, { set: ["tokenizer.vocabSize=90"] });
  expect(both.runs[0]!.recipe!.tokenizer.vocabSize).toBe(90);
  const { runs } = await plan({ variants: [{ name: "small", set: ["tokenizer.vocabSize=60"] }, { name: "as it is" }] });
  expect(runs[0]!.problem).toMatch(/^one: tokenizer\.vocabSize: expected/);
});

it("gives other seeds the data of its own first one", async () => {
  const runsOf = async (own: number[], seeds: number[]) => (await plan({ seeds: own }, { seeds })).runs;
  for (const [own, first] of [
    [[3, 4], 3],
    [[], 1],
  ] as const) {
    const [run, ...others] = await runsOf([...own], [5]);
    expect(run).toMatchObject({ seed: 5, recipe: { seed: 5, corpus: { seed: first } } });
    expect(others).toEqual([]);
  }
  expect((await runsOf([3, 4], [4]))[0]).toEqual({ ...(await plan({ seeds: [3, 4] })).runs[1], index: 0 });
});

it("is one run of the recipe as it is, with its own seed, if nothing is varied", async () => {
  const { runs } = await plan({});
  expect(runs.map(({ variant, seed }) => [variant, seed])).toEqual([["as it is", 1]]);
});

it.each<[string, Partial<SweepInput>, RegExp]>([
  ["of one name", { variants: [{ name: "a" }, { name: "a" }] }, /^one: .* got two of "a"; rename one$/],
  ["of names of one folder", { variants: [{ name: "A b" }, { name: "a-b" }] }, /got "A b" and "a-b", whose folders/],
  ["of the same values", { grid: { "training.batchSize": [8, 8.0] } }, /two of "batchSize=8"/],
  ["of a number and its text", { grid: { seed: [1, "1"] } }, /two of "seed=1"/],
])("refuses two variants %s", async (_, changes, message) => {
  await expect(plan(changes)).rejects.toThrow(message);
});

it.each<[string, unknown, RegExp]>([
  ["an unknown field", { sets: [] }, /^file\.json: .*sets/],
  ["variants by name", { variants: { a: [] } }, /^file\.json: variants: expected array/],
  ["a grid without values", { grid: { seed: [] } }, /grid\.seed: expected .* items/],
  ["a task of GLUE that is none", { glue: { data: "glue", tasks: ["sst3"] } }, /glue\.tasks\.0: expected one of cola/],
  ["a name that is no folder", { name: "../x" }, /name: expected at most 100 small letters/],
])("refuses %s", (_, changes, message) => {
  expect(() => parseSweep({ name: "one", recipe: "smoke", ...(changes as object) }, "file.json")).toThrow(message);
});

it("keeps a variant whose settings do not go together, with the reason, unless none is left", async () => {
  const { runs } = await plan({ grid: { "training.microbatchSize": [8, 16] } });
  expect(runs[0]!.problem).toBeUndefined();
  expect(runs[1]).toMatchObject({
    recipe: undefined,
    problem: expect.stringMatching(/microbatchSize.*at most.*8, got 16/),
  });
  await expect(plan({ set: ["training.typo=1"] })).rejects.toThrow(/unknown setting "typo"/);
  await expect(plan({ grid: { "training.typo": [1] } })).rejects.toThrow(
    /^one: expected a run that can be run, got none of 1: typo=1: .*typo/,
  );
});

it("reads a sweep of a file, with recipes relative to it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sweep-"));
  const { recipe } = tinyRun();
  writeFileSync(join(folder, "mine.json"), JSON.stringify(recipe));
  const file = join(folder, "sweep.json");
  writeFileSync(file, JSON.stringify({ name: "two", recipe: "mine.json", seeds: [1, 2] }));
  const { runs } = await planSweep(await findSweep(file), { ...folders, file });
  expect(runs[1]!.recipe!.corpus.sources).toEqual(recipe.corpus.sources);
  await expect(findSweep("sweep.txt")).rejects.toThrow(/expected a \.json, \.js or \.ts file/);
});

it("estimates the time of training by its budget, and disk for weights, checkpoints and data", async () => {
  const { recipe, root } = tinyRun({ budget: "10 steps", batchSize: 16, batchRamp: 0, microbatchSize: 8 });
  expect(budgetTokens(recipe)).toBe(10 * 16 * 32);
  expect(budgetTokens({ ...recipe, training: { ...recipe.training, budget: "1 hour" } })).toBeUndefined();
  const of = (set: string[]) =>
    planSweep(parseSweep({ name: "t", recipe, set }, "s"), { folder: root, dataFolder: root });
  const estimate = async (set: string[], flopsPerSecond?: number, atOnce = 1) => {
    const planned = await of(set);
    return estimateSweep(planned, { runs: planned.runs, flopsPerSecond, atOnce });
  };
  expect((await estimate(["training.budget=3 days"])).totalSeconds).toBe(3 * 86_400);
  expect((await estimate([])).totalSeconds).toBeUndefined();
  const slow = (await estimate([], 1e6)).totalSeconds!;
  expect((await estimate([], 2e6)).totalSeconds).toBeCloseTo(slow / 2);
  const [small, large] = [await estimate([]), await estimate(["model.layers=4"])];
  expect(large.bytes).toBeGreaterThan(small.bytes);
  expect(small.freeBytes).toBeGreaterThan(1e6);
});

it("tells whose held-out losses are of the same tokens", async () => {
  const { recipe } = tinyRun();
  const masked = { ...recipe, masking: { ...recipe.masking, probability: 0.4 } };
  const alike = {
    ...recipe,
    training: { ...recipe.training, dropout: 0.1 },
    seed: 9,
    corpus: { ...recipe.corpus, seed: 1 },
  };
  expect(incomparable(recipe, alike)).toEqual([]);
  expect(incomparable(recipe, masked).map(({ path }) => path)).toEqual(["masking.probability"]);
  const measured = { ...masked, evaluation: { ...masked.evaluation, maskProbability: recipe.masking.probability } };
  expect(incomparable(recipe, measured)).toEqual([]);
  const words = { ...recipe, tokenizer: { ...recipe.tokenizer, vocabSize: 90 } };
  expect(incomparable(recipe, words).map(({ path }) => path)).toEqual(["tokenizer.vocabSize"]);
});
