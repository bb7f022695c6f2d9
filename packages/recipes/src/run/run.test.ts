import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Interrupted } from "../progress.ts";
import { studySettings } from "../recipe/optimizer-settings.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { readRun, runFiles } from "../run-record.ts";
import { quiet, tinyRun } from "../testing/tiny.testing.ts";
import { evaluateRecipe, pretrainRecipe, runRecipe } from "./run.ts";

const folders = (root: string, name = "run") => ({ folder: join(root, name), dataFolder: join(root, "prepared") });
const weights = (folder: string) => readFileSync(join(runFiles(folder).model, "model.safetensors"));

/** Runs until the end, stopping and resuming after every `every`-th report of the training. */
const runInterrupted = async (recipe: Recipe, at: ReturnType<typeof folders>, every: number): Promise<number> => {
  for (let sessions = 1; ; sessions++) {
    const controller = new AbortController();
    let reports = 0;
    const onProgress = ({ stage }: { stage: string }) => {
      if (stage === "training" && ++reports === every) controller.abort();
    };
    try {
      await runRecipe(recipe, at, { ...quiet, onProgress, signal: controller.signal });
      return sessions;
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
    }
  }
};

it("runs a recipe to its end and leaves everything a reader needs", async () => {
  const { recipe, root } = tinyRun();
  const at = folders(root);
  await runRecipe(recipe, at, quiet);
  const run = await readRun(at.folder);
  expect(run.recipe).toEqual(recipe);
  expect(run.summary).toMatchObject({ steps: 12, epochs: expect.any(Number) });
  expect(run.metrics.some((row) => typeof row.heldOutLoss === "number")).toBe(true);
  expect(run.masked!.trained.loss).toBeLessThan(run.masked!.untrained.loss);
  expect(readdirSync(at.folder).some((name) => name.includes("partial") || name === "run.lock")).toBe(false);
});

it("makes its folder again when somebody removes it, and can still be resumed", async () => {
  const { recipe, root } = tinyRun();
  const whole = folders(root, "whole");
  await runRecipe(recipe, whole, quiet);
  const at = folders(root);
  const controller = new AbortController();
  const said: string[] = [];
  let reports = 0;
  const onProgress = ({ stage }: { stage: string }) => {
    if (stage !== "training") return;
    reports++;
    if (reports === 2) rmSync(at.folder, { recursive: true });
    if (reports === 4) controller.abort();
  };
  const context = { ...quiet, onProgress, say: (line: string) => said.push(line), signal: controller.signal };
  await expect(runRecipe(recipe, at, context)).rejects.toThrow(Interrupted);
  expect(said.join("\n")).toContain("the folder was removed");
  await runRecipe(recipe, at, quiet);
  expect((await readRun(at.folder)).recipe).toEqual(recipe);
  expect(weights(at.folder).equals(weights(whole.folder))).toBe(true);
});

it("gives the same weights and metrics for the same seed, others for another", async () => {
  const { recipe, root } = tinyRun();
  const one = folders(root, "one");
  const two = folders(root, "two");
  const other = folders(root, "other");
  await runRecipe(recipe, one, quiet);
  await runRecipe(recipe, two, quiet);
  await runRecipe({ ...recipe, seed: 2 }, other, quiet);
  expect(weights(two.folder).equals(weights(one.folder))).toBe(true);
  expect(weights(other.folder).equals(weights(one.folder))).toBe(false);
  const losses = async (folder: string) =>
    (await readRun(folder)).metrics.map(({ loss, heldOutLoss }) => [loss, heldOutLoss]);
  expect(await losses(two.folder)).toEqual(await losses(one.folder));
});

it("ends with the very same weights however often it is stopped, also between microbatches and with dropout", async () => {
  const { recipe, root } = tinyRun({ dropout: 0.1 });
  const whole = folders(root, "whole");
  const parts = folders(root, "parts");
  await runRecipe(recipe, whole, quiet);
  expect(await runInterrupted(recipe, parts, 3)).toBeGreaterThan(3);
  expect(weights(parts.folder).equals(weights(whole.folder))).toBe(true);
});

it("goes on with no run of the first edition, whose random numbers were others, but reads what it left", async () => {
  const { recipe, root } = tinyRun();
  const at = folders(root);
  await runRecipe(recipe, at, quiet);
  const files = runFiles(at.folder);
  const { folder } = JSON.parse(readFileSync(files.data, "utf8"));
  for (const data of [JSON.stringify({ folder }), undefined]) {
    if (data) writeFileSync(files.data, data);
    else rmSync(files.data);
    for (const go of [runRecipe, pretrainRecipe, evaluateRecipe])
      await expect(go(recipe, at, quiet)).rejects.toThrow(
        /run: expected a run of format 2, got one of format 1, .* start anew in another folder, or finish this/,
      );
    expect((await readRun(at.folder)).summary).toBeDefined();
  }
  writeFileSync(files.data, JSON.stringify({ folder, format: 3 }));
  await expect(runRecipe(recipe, at, quiet)).rejects.toThrow(/got one of format 3; update cramkit to go on with it/);
});

it("falls back to the checkpoint before a damaged one, and says so", async () => {
  const { recipe, root } = tinyRun();
  const whole = folders(root, "whole");
  const at = folders(root, "damaged");
  await runRecipe(recipe, whole, quiet);
  for (const reports of [6, 6]) {
    const controller = new AbortController();
    let seen = 0;
    const onProgress = ({ stage }: { stage: string }) => {
      if (stage === "training" && ++seen === reports) controller.abort();
    };
    await expect(runRecipe(recipe, at, { ...quiet, onProgress, signal: controller.signal })).rejects.toThrow(
      Interrupted,
    );
  }
  const { checkpoints } = runFiles(at.folder);
  const newest = join(checkpoints, readdirSync(checkpoints).sort().at(-1)!, "tensors.safetensors");
  const bytes = readFileSync(newest);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(newest, bytes);
  const said: string[] = [];
  await runRecipe(recipe, at, { ...quiet, say: (line) => said.push(line) });
  expect(said.join("\n")).toMatch(/checksum does not match.*going back/);
  expect(weights(at.folder).equals(weights(whole.folder))).toBe(true);

  rmSync(runFiles(at.folder).model, { recursive: true });
  for (const name of readdirSync(checkpoints)) truncateSync(join(checkpoints, name, "tensors.safetensors"), 10);
  await runRecipe(recipe, at, { ...quiet, say: (line) => said.push(line) });
  expect(said.at(-1)).toBe("no checkpoint is whole: training from the beginning");
  expect(weights(at.folder).equals(weights(whole.folder))).toBe(true);
});

it("sees that a run is finished, and does again only what is no longer there or was made from something else", async () => {
  const { recipe, root } = tinyRun();
  const at = folders(root);
  await runRecipe(recipe, at, quiet);
  const files = runFiles(at.folder);
  const written = () => [files.summary, files.masked, files.evaluated].map((file) => statSync(file).mtimeMs);
  const first = written();
  const [summary, masked] = [files.summary, files.masked].map((file) => readFileSync(file, "utf8"));
  const again = async (set: string[] = []) => {
    const said: string[] = [];
    const stages = new Set<string>();
    const context = {
      say: (line: string) => said.push(line),
      onProgress: ({ stage }: { stage: string }) => stages.add(stage),
    };
    await runRecipe((await readRun(at.folder)).recipe, { ...at, set }, context);
    return { said: said.join("\n"), stages: [...stages] };
  };

  rmSync(at.dataFolder, { recursive: true }); // nothing that is finished needs it
  const finished = await again();
  expect(finished).toEqual({
    said: expect.stringMatching(/run: everything is done .* delete .*evaluated\.json/),
    stages: [],
  });
  expect(written()).toEqual(first);

  rmSync(files.masked);
  expect((await again()).stages).toContain("evaluating");
  expect(readFileSync(files.masked, "utf8")).toBe(masked);
  expect(readFileSync(files.summary, "utf8")).toBe(summary); // what training took is not what a later look takes

  expect((await again(["evaluation.rows=8"])).stages).toContain("evaluating");
  expect((await readRun(at.folder)).masked!.rows).toBe(8);

  const before = weights(at.folder);
  writeFileSync(join(files.model, "model.safetensors"), before.subarray(0, 100));
  expect((await again()).said).toMatch(/resuming at microbatch/);
  expect(weights(at.folder).equals(before)).toBe(true);
  expect((await again()).stages).toEqual([]);
});

it("refuses a run folder of another recipe and names what differs", async () => {
  const { recipe, root } = tinyRun();
  const at = folders(root);
  await runRecipe(recipe, at, quiet);
  const changed = { ...recipe, training: { ...recipe.training, batchSize: 32 } };
  await expect(runRecipe(changed, at, quiet)).rejects.toThrow("training.batchSize is 16 there and 32 here");
});

it.each([
  [
    "a budget of nothing",
    (r: Recipe) => ({ ...r, training: { ...r.training, budget: "0 steps" } }),
    /budget: expected a number above 0/,
  ],
  [
    "a model that cannot work",
    (r: Recipe) => ({ ...r, model: { ...r.model, heads: 3 } }),
    /heads: expected a divisor of hidden/,
  ],
  [
    "a missing file",
    (r: Recipe) => ({ ...r, corpus: { ...r.corpus, sources: [{ kind: "files" as const, path: "/nowhere" }] } }),
    /nowhere/,
  ],
  [
    "a corpus too small for a row",
    (r: Recipe) => ({ ...r, corpus: { ...r.corpus, maxDocuments: 1 }, tokenizer: { ...r.tokenizer, vocabSize: 64 } }),
    /less than one row|more text/,
  ],
  [
    "a second source that is missing",
    (r: Recipe) => ({
      ...r,
      corpus: { ...r.corpus, sources: [...r.corpus.sources, { kind: "files" as const, path: ["/nowhere"] }] },
    }),
    /corpus\.sources: expected a file or folder of text, got \/nowhere, which does not exist; put text there/,
  ],
  [
    "held-out text without sentences for the probes",
    (r: Recipe) => ({
      ...r,
      evaluation: { ...r.evaluation, probes: { ...r.evaluation.probes, trials: 1, examples: 1 } },
      corpus: { ...r.corpus, maxDocuments: 8 },
      tokenizer: { ...r.tokenizer, vocabSize: 64 },
    }),
    /evaluation\.probes: expected held-out text to make them from, got too little.*evaluation\.probes\.trials=0/,
  ],
  ["an empty corpus", (r: Recipe) => ({ ...r, corpus: { ...r.corpus, minCharacters: 1e6 } }), /the corpus is empty/],
])("says what is wrong with %s, and leaves no run behind", async (_, change, message) => {
  const { recipe, root } = tinyRun();
  const at = folders(root);
  await expect(runRecipe(change(recipe) as Recipe, at, quiet)).rejects.toThrow(message);
  expect(readdirSync(root)).not.toContain("run");
});

it("trains with another optimizer of the study, named in one setting", async () => {
  const { recipe, root } = tinyRun({ optimizer: studySettings("lion", { learningRate: 1e-3 }) });
  const at = folders(root);
  await runRecipe(recipe, at, quiet);
  const { masked } = await readRun(at.folder);
  expect(masked!.trained.loss).toBeLessThan(masked!.untrained.loss);
});
