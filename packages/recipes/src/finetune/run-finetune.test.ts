import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { disposeTensors } from "@cramkit/finetune";
import { init, type ModelConfig, type PresetName, preset } from "@cramkit/model";
import { crammingTokenizerOptions, trainTokenizer } from "@cramkit/tokenizer";
import { memory } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Compute, startCompute } from "../compute.ts";
import { exportModel } from "../export/export-model.ts";
import { saveModel } from "../model/saved-model.ts";
import { openModel } from "../open/open-model.ts";
import { Interrupted, type RunContext } from "../progress.ts";
import { quiet, sentences } from "../testing/tiny.testing.ts";
import { finetuneFiles } from "./folder.ts";
import { predictionLines } from "./predict-rows.ts";
import { runFinetune } from "./run-finetune.ts";
import type { FinetuneSpec } from "./spec.ts";
import { loadTaskModel } from "./task-model.ts";

let compute: Compute;
let root: string;
let spec: FinetuneSpec;
beforeAll(async () => {
  compute = await startCompute({ name: "cpu", precision: "float32", threads: 1 });
  root = mkdtempSync(join(tmpdir(), "cramkit-finetune-"));
  const texts = sentences(300);
  const tokenizer = await trainTokenizer(texts, { ...crammingTokenizerOptions({ vocabSize: 90 }) });
  const size = { layers: 1, hidden: 16, heads: 2, intermediate: 32, maxLength: 32 };
  const config = preset("crammed-bert", { vocabSize: tokenizer.vocabSize, ...size });
  const params = init(config, 1);
  await saveModel(join(root, "encoder"), { params, config, tokenizer });
  disposeTensors(params);
  const line = (text: string) => `"${text}",${/fox|dog/.test(text) ? "animal" : "none"}`;
  writeFileSync(join(root, "train.csv"), ["review,what", ...texts.slice(0, 120).map(line)].join("\n"));
  spec = {
    model: join(root, "encoder"),
    train: join(root, "train.csv"),
    kind: "classes",
    columns: { text: "review", label: "what" },
    settings: { epochs: 3, learningRate: 1e-2, maxLength: 32 },
    folder: join(root, "out"),
  };
});
afterAll(() => compute.dispose());

it("leaves a model that predicts, its labels' names where transformers has them, and a record", async () => {
  const before = memory().numTensors;
  const { result } = await runFinetune(spec, compute, quiet);
  expect(memory().numTensors).toBe(before);
  const files = finetuneFiles(spec.folder);
  const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));
  expect(json(join(files.model, "config.json"))).toMatchObject({
    problem_type: "single_label_classification",
    id2label: { 0: "animal", 1: "none" },
    label2id: { animal: 0, none: 1 },
  });
  expect(Object.keys(json(join(files.model, "checksums.json")))).toEqual(
    expect.arrayContaining(["model.safetensors", "config.json"]),
  );
  expect(json(files.result)).toMatchObject({ bestEpoch: result.bestEpoch, modelDigest: result.modelDigest });
  expect(readFileSync(files.metrics, "utf8").trim().split("\n")).toHaveLength(result.history.length);
  expect(existsSync(files.checkpoints)).toBe(false);
  const model = await loadTaskModel(spec.folder);
  const lines = [];
  const examples = (async function* () {
    for (const { example } of result.outcomes) yield example;
  })();
  for await (const each of predictionLines(model, examples, { format: "csv" })) lines.push(each);
  expect(lines[0]).toBe("text,label,p_animal,p_none");
  // What the folder's model says is what was measured.
  const right = lines.slice(1).filter((each, i) => each.includes(`,${result.outcomes[i]!.example.label},`)).length;
  expect(right / result.outcomes.length).toBeCloseTo(result.evaluation.scores.accuracy!, 10);
  disposeTensors(model.params);
});

it("returns what is finished, and refuses the folder of another finetuning", async () => {
  const said: string[] = [];
  const again = await runFinetune(spec, compute, { ...quiet, say: (line) => said.push(line) });
  expect(again.result.history).toHaveLength(again.result.history.length);
  expect(said.join()).toContain("is already finished");
  const other = { ...spec, settings: { ...spec.settings, seed: 7 } };
  await expect(runFinetune(other, compute, quiet)).rejects.toMatchObject({
    code: "exists",
    problem: expect.stringContaining("differs in settings"),
  });
});

it("takes the folder of one that failed before its first checkpoint", async () => {
  const folder = join(root, "failed");
  const settings = { ...spec.settings, epochs: 1 };
  await expect(
    runFinetune({ ...spec, folder, settings: { ...settings, learningRate: -1 } }, compute, quiet),
  ).rejects.toThrow("learningRate");
  expect(existsSync(folder)).toBe(false);
  const { result } = await runFinetune({ ...spec, folder, settings }, compute, quiet);
  expect(result.history).toHaveLength(1);
});

it.each<[string, Partial<FinetuneSpec>, RegExp]>([
  [
    "one class",
    {},
    /alike\.csv: expected training examples with at least two classes, got 3 examples with "same" alone/,
  ],
  ["no labels", { kind: "labels" }, /alike\.csv: expected training examples with at least one label/],
  [
    "one text",
    { kind: "embedding", columns: { text: "review" } },
    /alone\.csv: expected at least two training examples, got 1/,
  ],
])("names the file if its examples teach nothing, and leaves no folder: %s", async (name, changes, message) => {
  const labels = changes.kind === "labels" ? ["", "", ""] : ["same", "same", "same"];
  const rows = labels.map((label, i) => `the fox ${i},${label}`);
  const train = join(root, changes.kind === "embedding" ? "alone.csv" : "alike.csv");
  writeFileSync(train, ["review,what", ...(changes.kind === "embedding" ? rows.slice(0, 1) : rows)].join("\n"));
  const folder = join(root, `teaches nothing, ${name}`);
  await expect(runFinetune({ ...spec, train, dev: train, folder, ...changes }, compute, quiet)).rejects.toThrow(
    message,
  );
  expect(existsSync(folder)).toBe(false);
});

it("leaves no folder if there is no such model", async () => {
  const folder = join(root, "no-model");
  await expect(runFinetune({ ...spec, model: join(root, "nothing"), folder }, compute, quiet)).rejects.toThrow(
    /nothing: expected a model folder/,
  );
  expect(existsSync(folder)).toBe(false);
});

it("goes on from its checkpoint to the same weights", async () => {
  const folder = join(root, "stopped");
  const controller = new AbortController();
  const context: RunContext = {
    ...quiet,
    signal: controller.signal,
    onProgress: ({ stage, done }) => {
      if (stage === "epoch 2: training" && done === 10) controller.abort();
    },
  };
  await expect(runFinetune({ ...spec, folder }, compute, context)).rejects.toThrow(Interrupted);
  await expect(loadTaskModel(folder)).rejects.toThrow(/the finetuning was stopped/);
  const resumed = await runFinetune({ ...spec, folder }, compute, quiet);
  const { result } = await runFinetune(spec, compute, quiet);
  expect(resumed.result.modelDigest).toBe(result.modelDigest);
});

it("finetunes a BERT of Hugging Face from its folder, and predicts with it", async () => {
  const tokenizer = await trainTokenizer(sentences(300), { ...crammingTokenizerOptions({ vocabSize: 90 }) });
  const size = { layers: 1, hidden: 16, heads: 2, intermediate: 32, maxLength: 32 };
  const config = preset("hf-bert-base", { vocabSize: tokenizer.vocabSize, ...size });
  const params = init(config, 1);
  const model = join(root, "hf-bert");
  await exportModel({ params, config, tokenizer }, "hf", model);
  disposeTensors(params);
  expect(readdirSync(model)).not.toContain("model_config.json");
  const folder = join(root, "from-bert");
  const { result } = await runFinetune({ ...spec, model, folder }, compute, quiet);
  expect(result.settings.pooling).toBe("first");
  const tuned = await loadTaskModel(folder);
  const lines = [];
  const examples = (async function* () {
    yield { text: "the fox" };
  })();
  for await (const line of predictionLines(tuned, examples, { format: "jsonl" })) lines.push(JSON.parse(line));
  expect(["animal", "none"]).toContain(lines[0].label);
  disposeTensors(tuned.params);
});

/** A published model that was finetuned so little that its weights are where they were, and the weights that it had. */
const barelyFinetuned = async (name: string, fields: Partial<ModelConfig>, base: PresetName) => {
  const tokenizer = await trainTokenizer(sentences(300), { ...crammingTokenizerOptions({ vocabSize: 90 }) });
  const size = { layers: 1, hidden: 16, heads: 2, intermediate: 32, maxLength: 32 };
  const config = preset(base, { vocabSize: tokenizer.vocabSize, ...size, ...fields });
  const params = init(config, 1);
  const model = join(root, name);
  await exportModel({ params, config, tokenizer }, "hf", model);
  const folder = join(root, `${name}-tuned`);
  const settings = { ...spec.settings, epochs: 1, learningRate: 1e-9 };
  await runFinetune({ ...spec, model, folder, settings }, compute, quiet);
  return { params, folder, tuned: await loadTaskModel(folder) };
};

it("keeps the pooler that a BERT was pretrained with", async () => {
  const head = { type: "classification", labels: 5, width: 16, pooling: "first", dropout: 0 } as const;
  const { params, tuned } = await barelyFinetuned("with-pooler", { head }, "hf-bert-base");
  const [had, has] = [params, tuned.params].map((one) => one["pooler.dense.weight"]!.dataSync());
  for (const [i, value] of has!.entries()) expect(value).toBeCloseTo(had![i]!, 6);
  expect(tuned.params["head.weight"]!.shape).toEqual([2, 16]);
  disposeTensors(params);
  disposeTensors(tuned.params);
});

it("finetunes a ModernBERT on its own prediction head, and lets it go as one", async () => {
  const modern: Partial<ModelConfig> = {
    ...{ position: "none", rotary: true, firstNorm: false, norm: "LayerNorm-unbiased", predictionHead: "transform" },
    ...{ decoderBias: true, mixer: "local-attention", localAttention: { reach: 3, rotaryBase: 100 } },
  };
  const { params, folder, tuned } = await barelyFinetuned("modern", modern, "crammed-bert");
  const [had, has] = [params, tuned.params].map((one) => one["prediction_head.dense.weight"]!.dataSync());
  for (const [i, value] of has!.entries()) expect(value).toBeCloseTo(had![i]!, 6);
  const exported = join(root, "modern-exported");
  const opened = await openModel(folder);
  await exportModel(opened, "hf", exported);
  const { architectures, classifier_pooling, id2label } = JSON.parse(
    readFileSync(join(exported, "config.json"), "utf8"),
  );
  expect({ architectures, classifier_pooling, id2label }).toEqual({
    architectures: ["ModernBertForSequenceClassification"],
    classifier_pooling: "mean",
    id2label: { 0: "animal", 1: "none" },
  });
  const back = await openModel(exported);
  expect(Object.keys(back.params).sort()).toEqual(Object.keys(tuned.params).sort());
  for (const [name, value] of Object.entries(back.params))
    expect(value.dataSync(), name).toEqual(tuned.params[name]!.dataSync());
  for (const one of [params, tuned.params, opened.params, back.params]) disposeTensors(one);
});

it("says of a folder that it holds no finetuned model", async () => {
  await expect(loadTaskModel(join(root, "encoder"))).rejects.toMatchObject({ code: "not-found" });
});
