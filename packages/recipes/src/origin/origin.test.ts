import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { init, preset } from "@cramkit/model";
import { memory } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findRecipe } from "../catalogue/find-recipe.ts";
import { type Compute, startCompute } from "../compute.ts";
import { exportModel } from "../export/export-model.ts";
import { loadModel } from "../model/saved-model.ts";
import { disposeTensors } from "../named-tensors.ts";
import { hostEntries, openModel } from "../open/open-model.ts";
import { Interrupted } from "../progress.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { pretrainRecipe } from "../run/run.ts";
import { readRun, runFiles } from "../run-record.ts";
import { quiet, sentences, tinyRun } from "../testing/tiny.testing.ts";
import { applySettingsFrom, withOrigin } from "./origin.ts";
import { originWeights } from "./origin-weights.ts";

const { recipe: first, root } = tinyRun({ budget: "8 steps" });
const base = join(root, "base");
const dataFolder = join(root, "data");
const train = (recipe: Recipe, folder: string, context = {}) =>
  pretrainRecipe(recipe, { folder, dataFolder }, { ...quiet, ...context });
let compute: Compute;
beforeAll(async () => {
  await train({ ...first, checkpoints: { minutes: 1e-6, keep: 100 } }, base);
  compute = await startCompute(first.backend);
}, 60_000);
afterAll(async () => {
  await compute.dispose();
  rmSync(root, { recursive: true });
});

const embedding = "encoder.embedding.word_embedding.weight";
const valuesOf = async (folder: string) => {
  const model = await openModel(folder);
  const entries = await hostEntries(model.params);
  disposeTensors(model.params);
  return { ...model, weights: new Map(entries.map(({ name, data }) => [name, data as Float32Array])) };
};
const second = (changes: readonly string[] = [], from = base) =>
  applySettingsFrom({ ...first, name: "second" }, [`training.from=${from}`, "training.budget=3 steps", ...changes]);

describe("a run that goes on from another", () => {
  it("takes model and tokenizer, and begins with the weights of the other", async () => {
    const recipe = await second(["model.maxLength=64", "rows.seqLength=64", "masking.probability=0.4"]);
    expect(recipe.tokenizer).toMatchObject({ from: join(base, "model", "tokenizer.json"), vocabSize: 100 });
    expect({ ...recipe.model, maxLength: 0 }).toEqual({ ...first.model, maxLength: 0 });
    const folder = join(root, "other-length");
    await train(recipe, folder);
    const [before, after] = [await valuesOf(base), await valuesOf(folder)];
    expect(after.config.maxLength).toBe(64);
    // Three steps away from the origin; a network of its own would be as far as random ones are.
    const distance = (a: Float32Array, b: Float32Array) => Math.hypot(...a.map((value, i) => value - b[i]!));
    const [a, b] = [before.weights.get(embedding)!, after.weights.get(embedding)!];
    expect(distance(a, b)).toBeGreaterThan(0);
    expect(distance(a, b) / Math.hypot(...a)).toBeLessThan(0.3);
    const { origin } = await readRun(folder);
    expect(origin).toEqual({ from: base, digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it("keeps frozen parameters to the last bit", async () => {
    const folder = join(root, "frozen");
    await train(await second(['training.frozen=["encoder.embedding","encoder.layers.0"]']), folder);
    const [before, after] = [await valuesOf(base), await valuesOf(folder)];
    const isFrozen = (name: string) => name.startsWith("encoder.embedding") || name.startsWith("encoder.layers.0.");
    const frozen = [...before.weights].filter(([name]) => isFrozen(name));
    expect(frozen.length).toBeGreaterThan(5);
    for (const [name, values] of frozen) expect(after.weights.get(name), name).toEqual(values);
    expect(after.weights.get("encoder.final_norm.weight")).not.toEqual(before.weights.get("encoder.final_norm.weight"));
  });

  it("begins words that were added at the mean of their pieces", async () => {
    const recipe = await second(['tokenizer.add=["foxdog","wizardly"]']);
    const folder = join(root, "words");
    writeFileSync(
      join(root, "words.txt"),
      sentences(200)
        .map((line) => `${line} The foxdog is wizardly.`)
        .join("\n"),
    );
    const source = { kind: "files", path: join(root, "words.txt"), unit: "line" } as const;
    const changed = { ...recipe, corpus: { ...recipe.corpus, sources: [source] } };
    await train(changed, folder);
    const [before, after] = [await valuesOf(base), await valuesOf(folder)];
    expect(after.config.vocabSize).toBe(102);
    expect([...after.tokenizer.encodeIds("Wizardly FOXDOG!", { addSpecialTokens: false })].slice(0, 2)).toEqual([
      101, 100,
    ]);
    const start = await originWeights(changed, after.config, after.tokenizer, () => {});
    const grown = start[embedding]!.dataSync();
    disposeTensors(start);
    const old = before.weights.get(embedding)!;
    expect(grown.subarray(0, old.length)).toEqual(old);
    const { hidden } = after.config;
    const pieces = [...before.tokenizer.encodeIds("foxdog", { addSpecialTokens: false })];
    expect(pieces.length).toBeGreaterThan(1);
    for (let i = 0; i < hidden; i++) {
      const mean = pieces.reduce((sum, id) => sum + old[id * hidden + i]!, 0) / pieces.length;
      expect(grown[100 * hidden + i]).toBeCloseTo(mean, 6);
    }
  });

  it.each([
    ["the newest checkpoint", { checkpoint: "latest" as const }],
    ["a checkpoint by its number", { checkpoint: 0 }],
  ])("goes on from %s", async (_, which) => {
    const { place, params } = await openModel(base, which);
    disposeTensors(params);
    const folder = join(root, `from-${which.checkpoint}`);
    await train(await second([], place.folder), folder);
    expect((await readRun(folder)).origin?.from).toBe(place.folder);
  });

  it("goes on from a file that extends another recipe, and from a model without its run", async () => {
    const file = join(root, "Phase 2.json");
    const own = { extends: "smoke", corpus: first.corpus, training: { from: join(base, "model"), budget: "2 steps" } };
    writeFileSync(file, JSON.stringify(own));
    const recipe = await findRecipe(file);
    expect(recipe).toMatchObject({
      name: "phase-2",
      model: { hidden: first.model.hidden },
      tokenizer: { vocabSize: 100 },
    });
  });
});

describe("what it came from", () => {
  const stopped = async (folder: string) => {
    const controller = new AbortController();
    const onProgress = ({ stage }: { stage: string }) => void (stage === "training" && controller.abort());
    const recipe = await second(["training.budget=6 steps"], join(folder, "..", "moved"));
    await expect(train(recipe, folder, { onProgress, signal: controller.signal })).rejects.toThrow(Interrupted);
    return recipe;
  };

  it("is checked when the run goes on, and may be gone by then", async () => {
    const moved = join(root, "moved");
    const whole = await second(["training.budget=6 steps"], base);
    await train(whole, join(root, "whole"));
    cpSync(join(base, "model"), moved, { recursive: true });
    const folder = join(root, "stopped");
    const recipe = await stopped(folder);
    rmSync(join(moved, "checksums.json"));
    const config = join(moved, "model_config.json");
    const text = readFileSync(config, "utf8");
    writeFileSync(config, `${text}\n`);
    await expect(train(recipe, folder)).rejects.toMatchObject({ code: "version-mismatch", place: moved });
    renameSync(moved, `${moved}-away`);
    const said: string[] = [];
    await train(recipe, folder, { say: (line: string) => said.push(line), preparedData: "reuse" });
    expect(said.join("\n")).toContain("is gone: going on from its own checkpoint");
    // The same as if it had never been stopped.
    const digest = (run: string) => readFileSync(join(runFiles(run).model, "model.safetensors"));
    expect(digest(folder).equals(digest(join(root, "whole")))).toBe(true);
  }, 60_000);

  it.each([
    ["a width", ["model.hidden=64"], /model.hidden: expected \d+, as in .*base, which training.from names, got 64/],
    ["a number of layers", ["model.layers=5"], /model.layers: expected \d+, as in/],
    [
      "a vocabulary",
      ["tokenizer.vocabSize=128"],
      /expected 128 entries, as tokenizer.vocabSize has it, got ids below 100/,
    ],
  ])("is refused with %s that does not fit, in one line", async (_, changes, message) => {
    const recipe = await second(changes);
    const error = await train(recipe, join(root, `refused-${changes}`)).catch((error: Error) => error);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain("\n");
  });

  it("is refused where there is none, where a run has left none yet, and where a word is known", async () => {
    await expect(second([], join(root, "nowhere"))).rejects.toMatchObject({ code: "not-found" });
    const young = join(root, "young");
    cpSync(base, young, { recursive: true });
    rmSync(runFiles(young).model, { recursive: true });
    await expect(second([], young)).rejects.toThrow(/expected the model of a run that is trained/);
    const known = await second(['tokenizer.add=["the"]']);
    await expect(train(known, join(root, "known"))).rejects.toThrow(
      /tokenizer.add: expected words that are not in the vocabulary/,
    );
  });
});

it("reads a checkpoint of a run as the model that the run left, and keeps no tensor", async () => {
  const before = memory().numTensors;
  const [left, latest] = [await loadModel(runFiles(base).model), await openModel(base, { checkpoint: "latest" })];
  for (const [name, value] of Object.entries(left.params))
    expect(await latest.params[name]!.data(), name).toEqual(await value.data());
  expect(latest.config).toEqual(left.config);
  disposeTensors(left.params);
  disposeTensors(latest.params);
  expect(memory().numTensors).toBe(before);
  await expect(openModel(base, { checkpoint: 77 })).rejects.toThrow(
    /expected checkpoint 77, got those of microbatches/,
  );
  await expect(openModel(runFiles(base).model, { checkpoint: "best" })).rejects.toMatchObject({
    code: "invalid-argument",
  });
  await expect(withOrigin(first)).resolves.toBe(first);
});

it.each([
  ["masked words", "BertForMaskedLM", 0],
  ["something else", "BertForQuestionAnswering", 1],
])("goes on from a BERT of Hugging Face with a head for %s", async (_, architecture, missing) => {
  const folder = join(root, architecture);
  const { tokenizer, params: ours } = await openModel(base);
  disposeTensors(ours);
  const size = { vocabSize: 100, layers: 1, hidden: 16, heads: 2, intermediate: 32, maxLength: 32 };
  const config = preset("bert-original", size);
  const params = init(config, 5);
  await exportModel({ params, config, tokenizer }, "hf", folder);
  disposeTensors(params);
  const file = join(folder, "config.json");
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), architectures: [architecture] }));
  const recipe = await second(["training.budget=1 steps"], folder);
  expect(recipe.model).toMatchObject({ hidden: 16, position: "learned", head: { type: "masked-language-model" } });
  const said: string[] = [];
  await train(recipe, `${folder}-run`, { say: (line: string) => said.push(line) });
  expect(said.filter((line) => line.includes("begin at random"))).toHaveLength(missing);
  const before = await openModel(folder, { encoderOnly: true });
  const { weights } = await valuesOf(`${folder}-run`);
  // One step of AdamW moves each weight by its rate at most.
  for (const [name, value] of Object.entries(before.params))
    value.dataSync().forEach((theirs, i) => {
      // The other way round, NaN would be near to anything.
      if (!(Math.abs(weights.get(name)![i]! - theirs) <= 5e-3)) expect(weights.get(name)![i], name).toBe(theirs);
    });
  disposeTensors(before.params);
  await expect(train(await second(["model.maxLength=64"], folder), `${folder}-long`)).rejects.toThrow(
    /model.maxLength: expected 32/,
  );
});
