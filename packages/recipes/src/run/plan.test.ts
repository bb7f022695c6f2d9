import { rowsInMemory } from "@cramkit/packer";
import { crammingTokenizerOptions, trainTokenizer } from "@cramkit/tokenizer";
import { expect, it } from "vitest";
import { recipes } from "../catalogue/recipes.ts";
import { probeBatchLength } from "../evaluate/probes.ts";
import { modelOf } from "../recipe/model-of.ts";
import { applySettings } from "../recipe/settings.ts";
import { epochsWarning, plannedTokens, probeCost, spoken } from "./plan.ts";

const beginning = (...settings: string[]) => {
  const recipe = applySettings(recipes.quickstart(), settings);
  const source = rowsInMemory(new Int32Array(100 * 128), { seqLength: 128, vocabSize: 4096 });
  const heldOut = { source, rows: 128, maskId: 6, masking: {} as never, seed: 1 };
  return { recipe, config: modelOf(recipe, 4096), rows: 1000, heldOut, evaluates: true, probeLength: 60 };
};

it("counts what a run computes: training, held-out losses, evaluation and probes", () => {
  const plan = plannedTokens(beginning());
  expect(plan).toEqual({
    training: 3 * 1.5e6,
    onTheWay: 10 * 100 * 128, // all of 100 rows, ten times
    evaluation: 2 * 100 * 128,
    probes: 4 * (1000 * 4 * 3 + 250) * 60,
  });
  expect(plannedTokens(beginning("training.budget=50 steps")).training).toBe(3 * 50 * 8 * 128);
  expect(plannedTokens(beginning("training.budget=2 hours")).training).toBeUndefined();
  expect(plannedTokens(beginning("training.budget=2 epochs, 1e9 tokens")).training).toBe(3 * 2 * 1000 * 128);
  expect(plannedTokens({ ...beginning("evaluation.probes.trials=0"), evaluates: true }).probes).toBe(0);
  expect(plannedTokens({ ...beginning(), evaluates: false })).toMatchObject({ evaluation: 0, probes: 0 });
});

it("counts no prediction of words in a probe", () => {
  const small = probeCost(beginning());
  expect(small).toBeGreaterThan(0.5);
  expect(small).toBeLessThan(0.9); // a quarter of the tokens times 4096 words, beside two layers of 128
  expect(probeCost(beginning("evaluation.maskProbability=0.05"))).toBeGreaterThan(small);
});

it("warns of a run that sees its rows more than 16 times", () => {
  const { recipe, rows } = beginning();
  expect(epochsWarning(16 * 128_000, { recipe, rows })).toBeUndefined();
  expect(epochsWarning(17 * 128_000, { recipe, rows })).toMatch(
    /^warning: this run sees its 1,000 rows about 17 times;.*more text/,
  );
  expect(epochsWarning(1e5 * 128_000, { recipe, rows })).toContain("about 100,000 times");
});

it("says times as a person would", () => {
  expect([0.2, 51, 110, 7200, 864_000].map(spoken)).toEqual(["1 s", "51 s", "2 min", "2.0 hours", "10.0 days"]);
});

it("knows the length of a probe's batch from the text", async () => {
  const word = (n: number) => String.fromCharCode(97 + (n % 26), 97 + (Math.floor(n / 26) % 26), 97 + (n % 7));
  const sentence = (n: number, words: number) =>
    `${Array.from({ length: words }, (_, i) => word((n * 31 + i * 7) % 997)).join(" ")}.`;
  const textsOf = (words: number) =>
    Array.from({ length: 40 }, (_, n) =>
      Array.from({ length: 12 }, (_, i) => `A${sentence(12 * n + i, words)}`).join(" "),
    );
  const tokenizer = await trainTokenizer(textsOf(10), crammingTokenizerOptions({ vocabSize: 100 }));
  const lengthOf = (words: number, ...settings: string[]) =>
    probeBatchLength(applySettings(recipes.quickstart(), settings), textsOf(words), tokenizer);
  const [short, long] = [lengthOf(10, "rows.seqLength=512"), lengthOf(20, "rows.seqLength=512")];
  expect(short).toBeGreaterThan(8);
  expect(long).toBeGreaterThan(1.4 * short);
  expect(lengthOf(20, "rows.seqLength=32")).toBe(32);
});
