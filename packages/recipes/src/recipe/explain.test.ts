import { expect, it } from "vitest";
import { explainSetting, listedSettings, recipeSettings } from "./explain.ts";

it("explains a setting with type, unit, default and paper", () => {
  expect(explainSetting("training.tokenDrop").split("\n")).toEqual([
    "training.tokenDrop",
    "  What is left out of each row, at random, before it is masked: shorter rows, cheaper steps.",
    "  type     number (at least 0, below 1)",
    "  unit     share of the tokens",
    "  default  0",
    "  paper    Hou et al., arXiv 2203.13240",
  ]);
});

it("tells the kinds of a setting apart", () => {
  const rate = explainSetting("training.optimizer.learningRate");
  expect(rate).toMatch(/default {2}.*0\.001 \(adamw, .*0\.0001 \(lion\)/);
  expect(explainSetting("corpus.sources.kind")).toContain("hub: A dataset of the Hugging Face hub.");
});

it.each(["corpus.sources[].path", "corpus.sources.path", "corpus.sources.0.path"])(
  "takes %s for a field of a list",
  (path) => {
    expect(explainSetting(path)).toContain("A file or a folder, or several");
  },
);

it("lists what is below a prefix", () => {
  const lines = explainSetting("training").split("\n");
  expect(lines[0]).toBe("training");
  const all = recipeSettings().map(({ path }) => path);
  const below = all.filter((path) => path.startsWith("training."));
  expect(below.length).toBeGreaterThan(10);
  for (const path of below) expect(lines.some((line) => line.startsWith(`${path} `))).toBe(true);
  expect(lines.join()).not.toContain("corpus.");
  expect(listedSettings().split("\n").length).toBe(all.length);
});

it.each([
  ["training.batchRmp", /there is no setting "training.batchRmp"; available: training.batchRamp/],
  ["batchSize", /available: training.batchSize/],
  ["zzz", /`cramkit recipes --explain` lists them all/],
])("suggests what %s may mean", (path, message) => {
  expect(() => explainSetting(path)).toThrow(message);
});
