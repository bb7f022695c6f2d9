import { type Protocol, protocols, runTasks, type TaskData } from "@cramkit/glue";
import { init, parameterShapes, preset } from "@cramkit/model";
import { crammingTokenizerOptions, trainTokenizer } from "@cramkit/tokenizer";
import { memory } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Compute, startCompute } from "../compute.ts";
import { sentences } from "../testing/tiny.testing.ts";
import { finetunedConfig, trainee } from "./finetune.ts";

let compute: Compute;
beforeAll(async () => {
  compute = await startCompute({ name: "cpu", precision: "float32", threads: 1 });
});
afterAll(() => compute.dispose());

const task = (): TaskData => {
  const texts = sentences(120);
  const examples = texts.map((text, i) => ({
    text: i % 2 === 0 ? text : text.replace(/fox|dog/g, "whale"),
    label: i % 2,
  }));
  return {
    task: { name: "animals", title: "animals", labels: ["no", "yes"], pair: false, metrics: ["accuracy"], probe: true },
    train: examples.slice(0, 80),
    evaluations: [{ name: "dev", column: "animals", examples: examples.slice(80) }],
  };
};

it("finetunes on a copy: trials repeat themselves and leave the pretrained weights and no tensors behind", async () => {
  const tokenizer = await trainTokenizer(sentences(300), { ...crammingTokenizerOptions({ vocabSize: 90 }) });
  const config = preset("crammed-bert", {
    vocabSize: tokenizer.vocabSize,
    layers: 1,
    hidden: 16,
    heads: 2,
    intermediate: 32,
    maxLength: 32,
  });
  const params = init(config, 1);
  const before = await Promise.all(Object.values(params).map((weight) => weight.data()));
  const protocol: Protocol = { ...protocols.GLUE_sane, epochs: 1, trials: 1, maxLength: 32, learningRate: 1e-2 };
  const run = () =>
    runTasks({
      trainee: trainee({ id: "tiny", params, config, tokenizer, kernels: compute.kernels }),
      tasks: [task()],
      protocol,
    });
  const live = memory().numTensors;
  const [first] = await run();
  const [second] = await run();
  expect(compute.kernels).toBeDefined(); // in-place kernels are what could spoil the weights
  expect(second!.loss).toBe(first!.loss);
  expect(memory().numTensors).toBe(live);
  const after = await Promise.all(Object.values(params).map((weight) => weight.data()));
  expect(after).toEqual(before);
});

it.each([
  ["a crammed model, in three classes", "crammed-bert", protocols.GLUE_sane, 3, false, { width: 1024, hidden: 768 }],
  ["a crammed model, for a score", "crammed-bert", protocols.GLUE_sane, 1, true, { width: 1024, hidden: 768 }],
  ["a narrow crammed model", "bamboo", protocols.GLUE_sane, 2, false, { width: 1024, hidden: 384 }],
  ["a BERT", "hf-bert-base", protocols.GLUE_v2, 2, false, { width: 768, hidden: 768 }],
] as const)("puts the study's head on %s", (_, name, protocol, outputs, regression, { width, hidden }) => {
  const config = finetunedConfig(preset(name), { outputs, regression, protocol });
  const shapes = new Map(parameterShapes(config).map(({ name, shape }) => [name, shape]));
  expect(shapes.get("pooler.dense.weight")).toEqual([width, hidden]);
  expect(shapes.get("pooler.dense.bias")).toEqual([width]);
  expect(shapes.get("head.weight")).toEqual([outputs, width]);
  expect(shapes.get("head.bias")).toEqual([outputs]);
  expect(config).toMatchObject({ dropout: 0.1, attentionDropout: 0.1, head: { pooling: "first", dropout: 0.1 } });
  expect(config.head.type).toBe(regression ? "regression" : "classification");
});

it("leaves the inner layer of the head out where the protocol says so", () => {
  const protocol: Protocol = { ...protocols.GLUE_sane, head: { pooling: "mean", width: null } };
  const config = finetunedConfig(preset("crammed-bert"), { outputs: 3, regression: false, protocol });
  const shapes = new Map(parameterShapes(config).map(({ name, shape }) => [name, shape]));
  expect(shapes.has("pooler.dense.weight")).toBe(false);
  expect(shapes.get("head.weight")).toEqual([3, 768]);
});
