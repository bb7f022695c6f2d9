import { type StartedBackend, startBackend } from "@cramkit/backend";
import { hasCode } from "@cramkit/errors";
import { init, preset } from "@cramkit/model";
import { optimizerKernels, registerGradients } from "@cramkit/ops";
import { cpuKernels } from "@cramkit/ops/cpu";
import { crammingTokenizerOptions, trainTokenizer } from "@cramkit/tokenizer";
import { grad, memory, type Tensor, tensor2d, tensor3d, tidy } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { embed } from "../embed.ts";
import type { Example } from "../examples/example.ts";
import { finetune } from "../finetune.ts";
import type { EncoderModel, FinetuneOptions, FinetuneState } from "../finetune-options.ts";
import { contrastiveLoss } from "../learn/contrastive-loss.ts";
import { type Pooling, pooledVectors } from "../learn/text-vectors.ts";
import { predict } from "../predict.ts";
import { search, searchRows } from "../search.ts";
import { disposeTensors } from "../tensors/named-tensors.ts";
import { halvesOf, retrievalSet } from "./retrieval-set.ts";
import { scoreRetrieval } from "./score-retrieval.ts";

// What belongs together shares no word: an untrained encoder cannot know it.
const topics = ["fox den", "oak leaf", "ship sail", "bread oven", "snow ski", "king crown", "song tune", "coal mine"];
const question = (topic: number, i: number) => `where is the ${topics[topic]!.split(" ")[0]} of day ${i % 9}`;
const answer = (topic: number, i: number) =>
  `${["near", "by", "on"][i % 3]} a ${topics[topic]!.split(" ")[1]} in ${i % 9}`;
const pairs: Example[] = Array.from({ length: 144 }, (_, i) => ({
  text: question(i % 8, Math.floor(i / 8)),
  pair: answer(i % 8, Math.floor(i / 8)),
  place: `pairs.csv, line ${i + 2}`,
}));

let model: EncoderModel;
let backend: StartedBackend;
let settings: Pick<FinetuneOptions, "epochs" | "learningRate" | "batchSize" | "patience" | "dropout" | "kernels">;
beforeAll(async () => {
  registerGradients();
  backend = await startBackend("cpu", {
    kernels: { cpu: async () => cpuKernels },
    cpu: { threads: 1, products: "wasm" },
  });
  settings = { epochs: 8, learningRate: 1e-2, batchSize: 16, patience: 9, dropout: 0, kernels: optimizerKernels() };
  const texts = pairs.flatMap(({ text, pair }) => [text, pair!]);
  const tokenizer = await trainTokenizer(texts, crammingTokenizerOptions({ vocabSize: 110 }));
  const size = { layers: 1, hidden: 16, heads: 2, intermediate: 32, maxLength: 24 };
  const config = preset("crammed-bert", { vocabSize: tokenizer.vocabSize, ...size });
  model = { config, tokenizer, params: init(config, 1) };
});
afterAll(() => backend.dispose());

const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
};

/** The loss in float64, step by step as its docstring says. */
const referenceLoss = (
  hidden: ArrayLike<number>,
  { shape: [rows, seq, width], mask, pooling, pairs, alike, temperature }: Case,
): number => {
  const vectors = Array.from({ length: rows }, (_, row) => {
    const at = (position: number, k: number) => hidden[(row * seq + position) * width + k]!;
    const tokens = Array.from({ length: seq }, (_, s) => s).filter((s) => mask[row * seq + s] === 1);
    const pooled = Array.from({ length: width }, (_, k) =>
      pooling === "first" ? at(0, k) : tokens.reduce((sum, s) => sum + at(s, k), 0) / tokens.length,
    );
    const norm = Math.hypot(...pooled);
    return pooled.map((value) => value / norm);
  });
  const likeness = (i: number, j: number) =>
    vectors[i]!.reduce((sum, v, k) => sum + v * vectors[j]![k]!, 0) / temperature;
  const candidates = rows - pairs;
  let loss = 0;
  for (let i = 0; i < pairs; i++) {
    const powers = Array.from({ length: candidates }, (_, j) =>
      alike[i * candidates + j] ? 0 : Math.exp(likeness(i, pairs + j)),
    );
    loss += Math.log(powers.reduce((sum, one) => sum + one, 0)) - likeness(i, pairs + i);
  }
  return loss / pairs;
};

interface Case {
  readonly shape: readonly [number, number, number];
  readonly mask: Float32Array;
  readonly pooling: Pooling;
  readonly pairs: number;
  readonly alike: Uint8Array;
  readonly temperature: number;
}

describe("the contrastive loss", () => {
  it.each<[string, Pooling, number, number, number[]]>([
    ["pairs", "mean", 3, 6, []],
    ["pairs by their first tokens", "first", 3, 6, []],
    ["triples", "mean", 3, 9, []],
    ["candidates that are no mistakes", "mean", 3, 6, [1, 6]],
  ])("and its gradient are those of float64: %s", async (_, pooling, pairs, rows, same) => {
    const shape = [rows, 5, 7] as const;
    const values = Float32Array.from({ length: rows * 35 }, (_, i) => Math.sin(i * 1.7) + 0.3 * Math.cos(i * 0.31));
    const mask = Float32Array.from({ length: rows * 5 }, (_, i) => (i % 5 <= Math.floor(i / 5) % 5 ? 1 : 0));
    const alike = new Uint8Array(pairs * (rows - pairs));
    for (const at of same) alike[at] = 1;
    const one: Case = { shape, mask, pooling, pairs, alike, temperature: 0.5 };
    const loss = (hidden: Tensor) => contrastiveLoss(pooledVectors(hidden, tensor2d(mask, [rows, 5]), pooling), one);
    const hidden = tensor3d(values, [...shape]);
    expect((await tidy(() => loss(hidden)).data())[0]).toBeCloseTo(referenceLoss(values, one), 5);
    const gradient = await tidy(() => grad(loss)(hidden)).data();
    for (let i = 0; i < values.length; i += 4) {
      const moved = (by: number) =>
        referenceLoss(
          Array.from(values, (v, k) => (k === i ? v + by : v)),
          one,
        );
      expect(gradient[i]).toBeCloseTo((moved(1e-5) - moved(-1e-5)) / 2e-5, 4);
    }
  });
});

describe("finetune", () => {
  it("brings pairs together that an untrained encoder does not know, and what it returns finds them", async () => {
    const before = memory().numTensors;
    const [train, dev] = [pairs.slice(0, 120), pairs.slice(120)];
    const said: string[] = [];
    const tuned = await finetune({ model, kind: "embedding", train, dev, ...settings, say: (line) => said.push(line) });
    expect(tuned.task).toEqual({ kind: "embedding", labels: [], pooling: "mean" });
    expect(tuned.settings).toMatchObject({ batchSize: 16, temperature: 0.05 });
    const mrr = async (params: EncoderModel["params"]) => {
      const set = retrievalSet(dev, () => ({ ids: new Int32Array(), typeIds: new Int32Array(), cut: 0 }));
      const texts = [...new Set([...dev.map(({ text }) => text), ...set.candidateTexts])];
      const vectors = (await all(embed({ ...model, params }, texts))).map(({ vector }) => vector);
      const { evaluation } = await scoreRetrieval(set, vectors, { temperature: 0.05, pause: async () => {} });
      return evaluation.scores.mrr!;
    };
    const untrained = await mrr(model.params);
    expect(untrained).toBeLessThan(0.5);
    expect(said).toEqual([expect.stringContaining(`before training: mrr ${untrained.toFixed(4)}, recallAt1`)]);
    expect(tuned.evaluation.scores.mrr).toBeGreaterThan(untrained + 0.3);
    expect(tuned.evaluation.scores.mrr).toBeCloseTo(await mrr(tuned.params), 5);
    expect(tuned.evaluation).toEqual(tuned.history[tuned.bestEpoch - 1]!.dev);
    expect(tuned.outcomes[0]!.prediction).toMatchObject({
      rank: expect.any(Number),
      nearest: expect.any(String),
      cut: 0,
    });
    const library = await all(embed(tuned, ["near a den in 4", "by a crown in 2", "on a ski in 3"]));
    const [query] = await all(embed(tuned, ["where is the king of day 2"]));
    expect(search(library, query!.vector, { top: 1 })[0]!.item.text).toBe("by a crown in 2");
    await expect(all(predict(tuned, ["a"]))).rejects.toMatchObject({ code: "unsupported", remedy: "use embed" });
    disposeTensors(tuned.params);
    expect(memory().numTensors).toBe(before);
  });

  it("takes a text that does not belong, and tells it apart", async () => {
    const train = pairs.map((pair, i) => ({ ...pair, negative: answer((i + 3) % 8, Math.floor(i / 8)) }));
    const tuned = await finetune({ model, kind: "embedding", train, ...settings, pooling: "first", epochs: 4 });
    expect(tuned.task.pooling).toBe("first");
    expect(tuned.history.at(-1)!.trainLoss).toBeLessThan(tuned.history[0]!.trainLoss);
    disposeTensors(tuned.params);
  });

  it("learns from bare texts, which meet themselves under dropout, and goes on from a stop to the same bits", async () => {
    const train = pairs.map(({ text, place }) => ({ text, place: place! }));
    const options = { model, kind: "embedding", train, ...settings, dropout: 0.1, epochs: 3 } as const;
    const whole = await finetune(options);
    expect(whole.history[2]!.trainLoss).toBeLessThan(whole.history[0]!.trainLoss);
    expect(whole.outcomes[0]!.example.pair).toBeDefined(); // the second half of the text
    let kept: FinetuneState | undefined;
    const checkpoints = {
      load: async () => kept,
      save: async (state: FinetuneState) => {
        kept = structuredClone(state);
      },
    };
    const controller = new AbortController();
    const stopped = finetune({
      ...options,
      checkpoints,
      signal: controller.signal,
      onProgress: ({ phase, epoch, done }) => {
        if (phase === "train" && epoch === 2 && done === 12) controller.abort();
      },
    });
    await expect(stopped).rejects.toThrow(/abort/i);
    const resumed = await finetune({ ...options, checkpoints });
    expect(resumed.history).toEqual(whole.history);
    const read = (params: EncoderModel["params"]) => Promise.all(Object.values(params).map((weight) => weight.data()));
    expect(await read(resumed.params)).toEqual(await read(whole.params));
    disposeTensors(resumed.params);
    disposeTensors(whole.params);
  });

  it.each<[string, Partial<FinetuneOptions>, RegExp]>([
    [
      "texts beside themselves without dropout",
      { train: ["a b", "c d", "e f"].map((text) => ({ text })) },
      /dropout above 0/,
    ],
    ["a batch of one", { train: pairs, batchSize: 1 }, /batchSize to be at least 2/],
    [
      "an empty second text",
      { train: [...pairs, { text: "a", pair: " ", place: "x.csv, line 9" }] },
      /x\.csv, line 9: expected a second text/,
    ],
    [
      "a second text that is missing",
      { train: [...pairs, { text: "a", place: "x.csv, line 9" }] },
      /x\.csv, line 9: expected a pair as in/,
    ],
    [
      "a negative without a second text",
      { train: [{ text: "a", negative: "b", place: "n" }] },
      /n: expected a second text beside/,
    ],
    ["a label", { train: [{ ...pairs[0]!, label: "x" }] }, /line 2: expected nothing as the label/],
    [
      "weights of classes",
      { train: pairs, classWeights: "balanced" },
      /classWeights with classes, got it with embedding/,
    ],
    ["a temperature of 0", { train: pairs, temperature: 0 }, /temperature to be above 0/],
    [
      "a temperature of classes",
      { train: [{ text: "a", label: "x" }], kind: "classes", temperature: 1 },
      /temperature with embedding/,
    ],
    [
      "a negative of classes",
      {
        train: [
          { text: "a", label: "x", negative: "b" },
          { text: "a", label: "y" },
        ],
        kind: "classes",
      },
      /no negative for classes/,
    ],
  ])("refuses %s", async (_, options, message) => {
    const error = await finetune({ model, kind: "embedding", train: [], ...settings, ...options }).then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error?.message).toMatch(message);
    expect(hasCode(error, "invalid-input", "invalid-argument")).toBe(true);
  });
});

it("scores retrieval: other answers of the same text, and the text itself, are no mistakes", async () => {
  const set = retrievalSet(
    [
      { text: "q", pair: "a" },
      { text: "q", pair: "b" },
      { text: "a", pair: "c", negative: "n" },
    ],
    () => ({ ids: new Int32Array(), typeIds: new Int32Array(), cut: 0 }),
  );
  expect(set.candidateTexts).toEqual(["a", "b", "c", "n"]);
  // q, a, b, c, n: rows in the order in which they were met; "a" is a query and a candidate.
  expect(set.rows).toHaveLength(5);
  const vectors = [
    [1, 0],
    [0.9, 0.1],
    [0.8, 0.2],
    [0, 1],
    [0.5, 0.5],
  ].map((vector) => Float32Array.from(vector));
  const { evaluation, outcomes } = await scoreRetrieval(set, vectors, { temperature: 1, pause: async () => {} });
  // b comes behind a for q, which is no mistake; for a, c comes behind b and n.
  expect(outcomes.map(({ prediction }) => prediction.rank)).toEqual([1, 1, 3]);
  expect(outcomes[2]!.prediction.nearest).toBe("b");
  expect(evaluation.scores).toEqual({ mrr: (1 + 1 + 1 / 3) / 3, recallAt1: 2 / 3, recallAt5: 1, recallAt10: 1 });
  expect(outcomes[2]!.loss).toBeCloseTo(Math.log(Math.exp(0.74) + Math.exp(0.1) + Math.exp(0.5)) - 0.1, 6);
});

it("halves a text by words, else by characters", () => {
  expect(halvesOf({ text: "a b c" })).toEqual({ text: "a b", pair: "c" });
  expect(halvesOf({ text: "猫が好き" })).toEqual({ text: "猫が", pair: "好き" });
  expect(halvesOf({ text: " x " })).toBeUndefined();
});

describe("embed", () => {
  it("gives the same vectors alone and in a batch, of length 1, and says what it cut", async () => {
    const long = "where is the fox of day 2 ".repeat(6);
    const texts = ["oak", "where is the fox of day 2", long];
    const together = await all(embed(model, texts));
    for (const [i, text] of texts.entries()) {
      const [alone] = await all(embed(model, [{ text, id: `n${i}` }]));
      expect(alone).toMatchObject({ text, id: `n${i}`, cut: together[i]!.cut });
      expect(Math.hypot(...alone!.vector)).toBeCloseTo(1, 6);
      for (const [k, value] of alone!.vector.entries()) expect(together[i]!.vector[k]).toBeCloseTo(value, 6);
    }
    expect(together[0]!.cut).toBe(0);
    expect(together[2]!.cut).toBeGreaterThan(0);
    await expect(all(embed(model, ["a", " "]))).rejects.toThrow("example 1: expected a text, got an empty one");
  });
});

describe("search", () => {
  const items = [
    [1, 0],
    [0, 1],
    [0.6, 0.8],
    [0, 1],
  ].map((vector, name) => ({ name, vector: Float32Array.from(vector) }));

  it("is a full sort's beginning, of equal ones the first", () => {
    const query = Float32Array.from([0.1, 0.9]);
    const sorted = items
      .map((item) => ({ item, score: item.vector[0]! * query[0]! + item.vector[1]! * query[1]! }))
      .sort((a, b) => b.score - a.score);
    for (const top of [1, 2, 3, 9]) expect(search(items, query, { top })).toEqual(sorted.slice(0, top));
    expect(search([], query)).toEqual([]);
  });

  it.each([
    [1, 1],
    [9, 3],
    [41, 5],
    [341, 64],
  ])("is the same over the rows of a matrix, and a full sort's beginning: %i x %i", (count, hidden) => {
    const rows = Float32Array.from({ length: count * hidden }, (_, i) => Math.round(4 * Math.sin(i * i + i)) / 4);
    const query = Float32Array.from({ length: hidden }, (_, i) => Math.round(4 * Math.cos(3 * i)) / 4);
    const vectors = Array.from({ length: count }, (_, i) => rows.subarray(i * hidden, (i + 1) * hidden));
    const sorted = vectors
      .map((vector, item) => ({ item, score: vector.reduce((sum, value, k) => sum + value * query[k]!, 0) }))
      .sort((a, b) => b.score - a.score);
    for (const top of [1, 2, 10, count, count + 1]) {
      const found = searchRows(rows, query, { top });
      expect(found).toEqual(sorted.slice(0, top));
      const items = vectors.map((vector, i) => ({ vector, i }));
      expect(search(items, query, { top }).map(({ item: { i: item }, score }) => ({ item, score }))).toEqual(found);
    }
  });

  it("refuses vectors of another length, and no results", () => {
    expect(() => searchRows(new Float32Array(7), Float32Array.from([1, 0]))).toThrow(/got 7 numbers/);
    expect(() => searchRows(new Float32Array(7), new Float32Array())).toThrow(/expected vectors of 0 numbers/);
    expect(() => search(items, Float32Array.from([1, 0, 0]))).toThrow(/expected vectors of 3 numbers/);
    expect(() => search(items, Float32Array.from([1, 0]), { top: 0 })).toThrow(/top to be a whole number/);
  });
});
