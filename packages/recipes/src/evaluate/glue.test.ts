import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { protocols } from "@cramkit/glue";
import { readResults } from "@cramkit/glue/node";
import { init, preset } from "@cramkit/model";
import { crammingTokenizerOptions, trainTokenizer } from "@cramkit/tokenizer";
import { memory } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Compute, startCompute } from "../compute.ts";
import { exportModel } from "../export/export-model.ts";
import { saveModel } from "../model/saved-model.ts";
import { Interrupted } from "../progress.ts";
import { quiet, sentences } from "../testing/tiny.testing.ts";
import { type GlueSpec, readScores, runGlue } from "./glue.ts";

const root = mkdtempSync(join(tmpdir(), "glue-"));
const run = join(root, "my-run");
const bert = join(root, "some-bert");
const data = join(root, "data");
let compute: Compute;

const model = async (name: "crammed-bert" | "hf-bert-base", seed: number) => {
  const tokenizer = await trainTokenizer(sentences(300), crammingTokenizerOptions({ vocabSize: 90 }));
  const sizes = { vocabSize: tokenizer.vocabSize, layers: 1, hidden: 16, heads: 2, intermediate: 32, maxLength: 32 };
  const config = preset(name, sizes);
  return { params: init(config, seed), config, tokenizer };
};

beforeAll(async () => {
  compute = await startCompute({ name: "cpu", precision: "float32", threads: 1 });
  await saveModel(join(run, "model"), await model("crammed-bert", 1));
  await exportModel(await model("hf-bert-base", 2), "hf", bert);
  const lines = sentences(96).map((text, i) => (i % 2 === 0 ? text : text.replace(/fox|dog|wizards/g, "rain")));
  for (const [file, from, to] of [
    ["train", 0, 64],
    ["dev", 64, 96],
  ] as const) {
    const rows = lines.slice(from, to).map((text, i) => `${text}\t${(from + i) % 2}\n`);
    mkdirSync(join(data, "SST-2"), { recursive: true });
    writeFileSync(join(data, "SST-2", `${file}.tsv`), `sentence\tlabel\n${rows.join("")}`);
  }
});
afterAll(() => compute.dispose());

let folders = 0;
const spec = (changes: Partial<GlueSpec> = {}): GlueSpec => ({
  model: join(run, "model"),
  data,
  protocol: { ...protocols.GLUE_sane, epochs: 1, trials: 2, learningRate: 1e-2 },
  seed: 0,
  results: join(root, `results-${folders++}`),
  untrained: true,
  tests: false,
  allowMoreEpochs: false,
  ...changes,
});

it("scores a run, its network without pretraining and a Hugging Face BERT in one table", async () => {
  const { results, ...rest } = spec({ baselines: [bert] });
  const live = memory().numTensors;
  const scores = await runGlue({ ...rest, results }, compute, quiet);
  expect(memory().numTensors).toBe(live);
  expect(scores.map(({ name, results }) => [name, results.length])).toEqual([
    ["my-run", 2],
    ["my-run, no pretraining", 2],
    ["some-bert", 2],
  ]);
  const rows = (await readScores(results))!;
  expect(rows.slice(0, 4).map(({ name }) => name)).toEqual([
    "my-run",
    "my-run, no pretraining",
    "some-bert",
    "majority class",
  ]);
  expect(rows.some(({ name }) => name.startsWith("crammed v2"))).toBe(true);
  expect(rows[0]!.scores["SST-2"]).toMatchObject({ partial: true, value: expect.any(Number) });
  const markdown = readFileSync(join(results, "scores.md"), "utf8");
  expect(markdown).toContain("| majority class |");
  expect(markdown).toContain("SST-2: train 64 of 67349, dev 32 of 872 rows.");
  const folders = readdirSync(results).filter((name) => !name.startsWith("scores"));
  expect(folders.map((name) => name.replace(/[0-9a-f]{16}$/, "DIGEST"))).toEqual([
    "some-bert-DIGEST",
    "trained",
    "untrained",
  ]);
  expect((await readResults(join(results, "trained"))).map(({ trial }) => trial)).toEqual([0, 1]);
  for (const { fitExamplesPerSecond, evaluateExamplesPerSecond } of scores[0]!.results)
    expect(Math.min(fitExamplesPerSecond, evaluateExamplesPerSecond)).toBeGreaterThan(0);
});

it("gives the same scores twice, and stops between two batches to go on later", async () => {
  const whole = await runGlue(spec(), compute, quiet);
  const stopped = spec();
  const controller = new AbortController();
  const stages: string[] = [];
  const onProgress = ({ stage, done }: { stage: string; done: number }) => {
    stages.push(stage);
    if (/trial 2 of 2: train/.test(stage) && done === 2) controller.abort();
  };
  const first = runGlue(stopped, compute, { ...quiet, onProgress, signal: controller.signal });
  await expect(first).rejects.toThrow(Interrupted);
  stages.length = 0;
  const later = await runGlue(stopped, compute, { ...quiet, onProgress: ({ stage }) => stages.push(stage) });
  expect(stages[0]).toMatch(/trial 1 of 2: resumed/);
  expect(stages).not.toContain("SST-2, my-run, trial 1 of 2: train");
  expect(stages).toContain("SST-2, my-run, trial 2 of 2: train");
  const scored = (scores: typeof whole) =>
    scores.map(({ results }) => results.map(({ loss, evaluations }) => [loss, evaluations]));
  expect(scored(later)).toEqual(scored(whole));
});

it("finetunes on part of the training set where asked, and says so", async () => {
  const [scores] = await runGlue(spec({ trainExamples: 32, untrained: false }), compute, quiet);
  expect(scores!.results[0]!.train).toEqual({ rows: 32, officialRows: 67349 });
});

it.each([
  ["a folder without tasks", { data: run }, /my-run: expected GLUE tasks .* found none of cola, .*; pass the folder/],
  ["a folder that is not there", { data: join(root, "no") }, /no: expected GLUE tasks/],
  ["a task that is not there", { tasks: ["rte" as const] }, /RTE.train.tsv: expected this file, .*; download GLUE/],
  ["a model that is none", { model: data }, new RegExp(`${basename(data)}: expected a model folder`)],
  ["a baseline that is none", { baselines: [data], untrained: false }, /expected a model folder/],
])("names %s", async (_, changes, message) => {
  await expect(runGlue(spec(changes), compute, quiet)).rejects.toThrow(message);
});

it("finetunes on a task of SuperGLUE that is named", async () => {
  const rows = Array.from({ length: 96 }, (_, i) => {
    const [choice1, choice2] = [i % 2 === 0 ? "fox" : "rain", "dog"];
    return { premise: `the ${i % 7}`, question: "cause", choice1, choice2, label: i % 2, idx: i };
  });
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
  mkdirSync(join(data, "COPA"));
  writeFileSync(join(data, "COPA", "train.jsonl"), lines.slice(0, 64).join(""));
  writeFileSync(join(data, "COPA", "val.jsonl"), lines.slice(64).join(""));
  const protocol = { ...protocols.superGLUE, epochs: 20, trials: 1, learningRate: 1e-2 };
  const settings = spec({ tasks: ["copa"], protocol, untrained: false, allowMoreEpochs: true });
  const [trained] = await runGlue(settings, compute, quiet);
  expect(trained!.results[0]!.evaluations).toMatchObject([{ column: "COPA", rows: 32, officialRows: 100 }]);
  expect(trained!.results[0]!.evaluations[0]!.scores.accuracy).toBeGreaterThan(0.9);
  await expect(runGlue(spec({ tasks: ["wic"] }), compute, quiet)).rejects.toThrow(/WiC.train\.jsonl: expected this/);
});
