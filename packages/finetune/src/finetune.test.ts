import { type StartedBackend, startBackend } from "@cramkit/backend";
import { hasCode } from "@cramkit/errors";
import { classify, init, preset, valueAndNamedGrads } from "@cramkit/model";
import { optimizerKernels, registerGradients } from "@cramkit/ops";
import { cpuKernels } from "@cramkit/ops/cpu";
import { crammingTokenizerOptions, trainTokenizer } from "@cramkit/tokenizer";
import { memory, tidy } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Example, Span } from "./examples/example.ts";
import { finetune } from "./finetune.ts";
import type { EncoderModel, FinetuneOptions, FinetuneState } from "./finetune-options.ts";
import { initialised, withHead } from "./learn/head.ts";
import { inputTensors } from "./learn/inputs.ts";
import { lossOf } from "./learn/losses.ts";
import { predict } from "./predict.ts";
import { disposeTensors } from "./tensors/named-tensors.ts";

const animals = ["fox", "dog", "cat", "owl"];
const plants = ["oak", "rose", "fern", "moss"];
const line = (word: string, i: number) =>
  `the ${["old", "red", "big"][i % 3]} ${word} is near the ${["lake", "hill"][i % 2]}`;
const texts = Array.from({ length: 96 }, (_, i) => line([...animals, ...plants][i % 8]!, i));

let model: EncoderModel;
let backend: StartedBackend;
beforeAll(async () => {
  registerGradients();
  backend = await startBackend("cpu", {
    kernels: { cpu: async () => cpuKernels },
    cpu: { threads: 1, products: "wasm" },
  });
  settings.kernels = optimizerKernels();
  const tokenizer = await trainTokenizer(texts, crammingTokenizerOptions({ vocabSize: 76 }));
  const size = { layers: 1, hidden: 16, heads: 2, intermediate: 32, maxLength: 32 };
  const config = preset("crammed-bert", { vocabSize: tokenizer.vocabSize, ...size });
  model = { config, tokenizer, params: init(config, 1) };
});

afterAll(() => backend.dispose());

const settings: { -readonly [K in keyof FinetuneOptions]?: FinetuneOptions[K] } = {
  epochs: 6,
  learningRate: 1e-2,
  batchSize: 8,
  dropout: 0,
  patience: 9,
};
/** A record of them is kept, without the examples and the model. */
const settingNames = [
  ...["batchSize", "classWeights", "clipNorm", "dropout", "epochs", "layerDecay", "learningRate", "lossScaling"],
  ...["maxLength", "patience", "pooling", "seed", "temperature", "warmup", "weightDecay"],
];
const isAnimal = (text: string) => animals.some((word) => text.includes(word));
const spansIn = (text: string): Span[] => {
  const word = [...animals, ...plants].find((each) => text.includes(each))!;
  const start = text.indexOf(word);
  return [{ start, end: start + word.length, label: isAnimal(text) ? "ANIMAL" : "PLANT" }];
};
const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
};

describe("finetune and predict", () => {
  it("learn classes under their names", async () => {
    const before = memory().numTensors;
    const train = texts.map((text) => ({ text, label: isAnimal(text) ? "animal" : "plant" }));
    const tuned = await finetune({
      model,
      kind: "classes",
      train,
      classWeights: "balanced",
      layerDecay: 0.9,
      ...settings,
    });
    expect(tuned.task.labels).toEqual(["animal", "plant"]);
    expect(Object.keys(tuned.settings).sort()).toEqual(settingNames);
    expect(tuned.evaluation.scores.accuracy).toBe(1);
    expect(tuned.evaluation).toEqual(tuned.history[tuned.bestEpoch - 1]!.dev);
    const [fox, oak] = await all(predict(tuned, ["the old fox is near the lake", { text: "the oak" }]));
    expect(fox).toMatchObject({ label: "animal", cut: 0 });
    expect(fox!.probabilities!.animal! + fox!.probabilities!.plant!).toBeCloseTo(1, 6);
    expect(oak!.label).toBe("plant");
    disposeTensors(tuned.params);
    expect(memory().numTensors).toBe(before);
  });

  it("learn pairs of texts", async () => {
    const train = texts.map((text, i) => ({
      text: "is it an animal",
      pair: text,
      label: String(isAnimal(text) ? 1 : 0),
      place: `row ${i}`,
    }));
    const tuned = await finetune({ model, kind: "classes", train, ...settings, epochs: 12 });
    expect(tuned.evaluation.scores.accuracy).toBeGreaterThan(0.9);
    disposeTensors(tuned.params);
  });

  it("learn several labels at once", async () => {
    const train = texts.map((text) => ({
      text,
      label: ["old", "lake"].filter((word) => text.includes(word)),
    }));
    const tuned = await finetune({ model, kind: "labels", train, ...settings, epochs: 12 });
    expect(tuned.evaluation.scores.f1Micro).toBeGreaterThan(0.95);
    const [both, none] = await all(predict(tuned, ["the old cat is near the lake", "the red dog is near the hill"]));
    expect(both!.labels).toEqual(["lake", "old"]);
    expect(none!.labels).toEqual([]);
    disposeTensors(tuned.params);
  });

  it("learn a score in its own unit", async () => {
    const train = texts.map((text) => ({ text, label: isAnimal(text) ? 250 : 150 }));
    const tuned = await finetune({ model, kind: "score", train, ...settings, epochs: 12 });
    expect(tuned.evaluation.scores.pearson).toBeGreaterThan(0.95);
    // The scale lies in the head: what the weights say is what was measured in training.
    expect(tuned.evaluation.loss).toBeCloseTo(tuned.history[tuned.bestEpoch - 1]!.dev.loss, 0);
    const [fox] = await all(predict(tuned, ["the old fox is near the lake"]));
    expect(fox!.score).toBeGreaterThan(220);
    disposeTensors(tuned.params);
  });

  it("learn named entities, and name them where they stand", async () => {
    const train = texts.map((text) => ({ text, label: spansIn(text) }));
    const tuned = await finetune({ model, kind: "tags", train, ...settings, epochs: 12 });
    expect(tuned.task.labels).toEqual(["O", "B-ANIMAL", "I-ANIMAL", "B-PLANT", "I-PLANT"]);
    expect(tuned.evaluation.scores.f1).toBeGreaterThan(0.95);
    const text = "\u{1f98a} the old fox is near the lake";
    const [found] = await all(predict(tuned, [text]));
    expect(found!.spans).toMatchObject([{ start: 11, end: 14, label: "ANIMAL", text: "fox" }]);
    disposeTensors(tuned.params);
  });
});

it("goes on from where it was stopped, to the same bits", async () => {
  const train = texts.map((text) => ({ text, label: isAnimal(text) ? "animal" : "plant" }));
  const options = { model, kind: "classes", train, ...settings, epochs: 3, dropout: 0.1 } as const;
  const whole = await finetune(options);
  const expected = await Promise.all(Object.values(whole.params).map((weight) => weight.data()));
  // After the middle of an epoch, and while the dev set is scored.
  for (const phase of ["train", "evaluate"] as const) {
    let kept: FinetuneState | undefined;
    const checkpoints = {
      load: async () => kept,
      save: async (state: FinetuneState) => {
        kept = structuredClone(state);
      },
    };
    const live = memory().numTensors;
    const controller = new AbortController();
    const stopped = finetune({
      ...options,
      checkpoints,
      signal: controller.signal,
      onProgress: (progress) => {
        if (progress.phase === phase && progress.epoch === 2 && (phase === "evaluate" || progress.done === 16))
          controller.abort();
      },
    });
    await expect(stopped).rejects.toThrow(/abort/i);
    expect(memory().numTensors).toBe(live);
    const resumed = await finetune({ ...options, checkpoints });
    expect(resumed.history).toEqual(whole.history);
    expect(await Promise.all(Object.values(resumed.params).map((weight) => weight.data()))).toEqual(expected);
    disposeTensors(resumed.params);
  }
  disposeTensors(whole.params);
});

it("has the gradient of the mean binary cross-entropy", async () => {
  const task = { kind: "labels", labels: ["a", "b", "c"] } as const;
  const config = withHead(
    model.config,
    { type: "classification", labels: 3, width: null, pooling: "mean", dropout: 0 },
    0,
  );
  const params = initialised(config, 3, model.params);
  const wanted = Float32Array.of(1, 0, 1, 0, 0, 1);
  const batch = { size: 2, seqLength: 8, inputIds: new Int32Array(16).fill(9), typeIds: new Int32Array(16) };
  const inputs = inputTensors(config, { ...batch, attentionMask: new Int32Array(16).fill(1) });
  const logits = await tidy(() => classify(params, config, inputs)).data();
  const loss = lossOf(task, config, wanted);
  const { value, grads } = valueAndNamedGrads(params, (live) => loss(live, inputs, {}));
  const expected = Array.from(logits, (x, i) => Math.log1p(Math.exp(x)) - x * wanted[i]!);
  expect((await value.data())[0]).toBeCloseTo(expected.reduce((sum, each) => sum + each, 0) / 6, 5);
  const slopes = Array.from(logits, (x, i) => (1 / (1 + Math.exp(-x)) - wanted[i]!) / 6);
  const bias = await grads["head.bias"]!.data();
  for (let k = 0; k < 3; k++) expect(bias[k]).toBeCloseTo(slopes[k]! + slopes[3 + k]!, 5);
});

it("scales the loss where precision is mixed, to nearly the same weights", async () => {
  const train = texts.map((text) => ({ text, label: isAnimal(text) ? "animal" : "plant" }));
  const options = { model, kind: "classes", train, ...settings, epochs: 1 } as const;
  const [plain, scaled] = [await finetune(options), await finetune({ ...options, lossScaling: true })];
  expect(scaled.history[0]!.trainLoss).toBeCloseTo(plain.history[0]!.trainLoss, 5);
  disposeTensors(plain.params);
  disposeTensors(scaled.params);
});

describe("finetune refuses and says", () => {
  const refused = async (kind: "classes" | "tags" | "score" | "labels", train: Example[], dev?: Example[]) => {
    const error = await finetune({ model, kind, train, dev, ...settings }).then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(hasCode(error, "invalid-input")).toBe(true);
    return error!.message;
  };
  const two: Example[] = [
    { text: "a fox", label: "x", place: "data.csv, line 2" },
    { text: "a dog", label: "y", place: "data.csv, line 3" },
  ];

  it.each<[string, "classes" | "tags" | "score" | "labels", Example[], Example[] | undefined, RegExp]>([
    [
      "a dev label that training never saw",
      "classes",
      two,
      [{ text: "a", label: "z", place: "dev.csv, line 9" }],
      /dev\.csv, line 9: .*training has seen \(x, y\), got "z"/,
    ],
    [
      "an empty text",
      "classes",
      [...two, { text: " ", label: "x", place: "data.csv, line 4" }],
      two,
      /data\.csv, line 4: expected a text, got an empty one/,
    ],
    [
      "an empty second text",
      "classes",
      [...two, { text: "a", pair: "", label: "x", place: "p" }],
      two,
      /p: expected a second text, got an empty one/,
    ],
    [
      "a row without a label",
      "classes",
      [...two, { text: "a", place: "data.csv, line 4" }],
      two,
      /line 4: expected a class as the label, got none/,
    ],
    ["one class", "classes", [two[0]!], two, /two classes/],
    [
      "a score that is none",
      "score",
      [{ text: "a", label: Number.NaN, place: "s, line 2" }],
      two,
      /s, line 2: expected a finite number/,
    ],
    [
      "a span outside its text",
      "tags",
      [{ text: "a fox", label: [{ start: 2, end: 9, label: "A" }], place: "t, line 1" }],
      undefined,
      /t, line 1: expected a span within the 5 units of its text, got 2 to 9/,
    ],
    [
      "spans that cross",
      "tags",
      [
        {
          text: "a fox",
          label: [
            { start: 0, end: 3, label: "A" },
            { start: 2, end: 5, label: "B" },
          ],
          place: "t, line 1",
        },
      ],
      undefined,
      /t, line 1: expected spans side by side.*which cross/,
    ],
  ])("%s", async (_, kind, train, dev, message) => {
    expect(await refused(kind, train, dev)).toMatch(message);
  });

  it("how many rows are cut, and which classes have one example", async () => {
    const said: string[] = [];
    const long = { text: "the old fox is near the lake ".repeat(9), label: "x", place: "data.csv, line 7" };
    const tuned = await finetune({
      model,
      kind: "classes",
      train: [...two, { ...two[0]!, text: "fox" }, long],
      dev: two,
      ...settings,
      epochs: 1,
      say: (line) => said.push(line),
    });
    disposeTensors(tuned.params);
    expect(said).toEqual([
      'data.csv, line 3: the only training example of "y"; give more of them, or leave it out',
      "1 of 4 rows of the training set have more than 32 tokens and were cut; the first is data.csv, line 7",
    ]);
  });
});
