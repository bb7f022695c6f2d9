import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { glueTasks } from "../tasks/glue-tasks.ts";
import { evaluationBatches, stepsOf, trainingBatches } from "./batches.ts";
import { type EncodedExamples, encodeExamples, templateEncode } from "./encoded.ts";
import { changedProtocol, checkProtocol, learningRateAt, type Protocol, protocols } from "./protocol.ts";

/** Token ids of a text are its letters. */
const encode = templateEncode({
  encodeIds: (text) => [...text].map((letter) => 10 + letter.charCodeAt(0)),
  firstId: 1,
  separatorId: 2,
});

describe("templateEncode", () => {
  const ids = (text: string, pair?: string, maxLength = 128) => Array.from(encode(text, pair, maxLength).ids);

  it("frames a text, a pair, and a text with an empty second one", () => {
    expect(ids("a")).toEqual([1, 107, 2]);
    expect(ids("a", "b")).toEqual([1, 107, 2, 108, 2]);
    expect(ids("a", "")).toEqual([1, 107, 2, 2]);
    expect(Array.from(encode("ab", "c", 128).typeIds!)).toEqual([0, 0, 0, 0, 1, 1]);
    expect(Array.from(encode("ab", undefined, 128).typeIds!)).toEqual([0, 0, 0, 0]);
  });

  it("takes tokens from the end of the longer text, one by one", () => {
    const text = fc.string({ unit: fc.constantFrom("x", "y"), maxLength: 30 });
    fc.assert(
      fc.property(text, text, fc.integer({ min: 8, max: 40 }), (a, b, maxLength) => {
        let [first, second] = [a, b];
        while (first.length + second.length + 3 > maxLength) {
          if (first.length > second.length) first = first.slice(0, -1);
          else second = second.slice(0, -1);
        }
        expect(ids(a, b, maxLength)).toEqual(ids(first, second));
      }),
    );
    expect(ids("xxxx", undefined, 4)).toEqual(ids("xx"));
  });
});

describe("the protocols", () => {
  // Section 5.2 of the study's facts, column by column: rate, batch, epochs, schedule, warm-up, decay, length.
  it.each([
    ["GLUE_sane", 4e-5, 16, 5, "cosine", 0.1, 0, 128],
    ["GLUE_v2", 2e-5, 32, 10, "linear", 0.06, 0.1, 1024],
    ["GLUE_v1", 2e-5, 32, 5, "constant", 0, 0, 128],
    ["GLUE_mosbach", 2e-5, 16, 20, "linear", 0.1, 0.01, 128],
    ["MNLI", 2e-5, 32, 10, "linear", 0.1, 0.01, 128],
  ] as const)("%s is as published", (name, learningRate, batchSize, epochs, schedule, warmup, decay, maxLength) => {
    expect(protocols[name]).toEqual({
      name,
      learningRate,
      batchSize,
      epochs,
      schedule,
      warmup,
      maxLength,
      adamw: { b1: 0.9, b2: name === "GLUE_mosbach" ? 0.999 : 0.98, epsilon: 1e-6, weightDecay: decay },
      dropout: 0.1,
      head: name === "GLUE_sane" ? { pooling: "first", width: 1024 } : { pooling: "first" },
      secondText: "always",
      sortedBatches: 1,
      trials: 5,
    });
  });

  it("carry what was changed in their name", () => {
    const { GLUE_sane } = protocols;
    expect(changedProtocol(GLUE_sane, { epochs: 5, learningRate: undefined, pooling: "first" })).toEqual(GLUE_sane);
    expect(changedProtocol(GLUE_sane, { trials: 2 })).toEqual({ ...GLUE_sane, trials: 2 });
    const changed = changedProtocol(GLUE_sane, { epochs: 3, learningRate: 1e-3, pooling: "mean" });
    expect(changed).toEqual({
      ...GLUE_sane,
      name: "GLUE_sane with epochs 3, learning rate 0.001, pooling mean",
      epochs: 3,
      learningRate: 1e-3,
      head: { pooling: "mean", width: 1024 },
    });
    expect(changedProtocol(changed, { maxLength: 64 }).name).toBe(`${changed.name}, length 64`);
  });
});

describe("the schedule", () => {
  it("climbs over a tenth of the task's own steps and falls along half a cosine", () => {
    const at = (step: number, steps: number) => learningRateAt(protocols.GLUE_sane, step, steps) / 4e-5;
    expect([0, 5, 10].map((step) => at(step, 100))).toEqual([0, 0.5, 1]);
    expect(at(55, 100)).toBeCloseTo(0.5, 12);
    expect(at(99, 100)).toBeCloseTo(0.5 * (1 + Math.cos((Math.PI * 89) / 90)), 12);
    expect(at(1, 20)).toBeCloseTo(0.5, 12);
    expect(at(0, 5)).toBe(1); // too few steps for a warm-up
  });

  it("is a line or level in the other protocols", () => {
    expect(learningRateAt(protocols.GLUE_v2, 53, 100)).toBeCloseTo(1e-5, 12);
    expect(learningRateAt(protocols.GLUE_v1, 99, 100)).toBe(2e-5);
    expect(learningRateAt(protocols.GLUE_mosbach, 55, 100)).toBeCloseTo(1e-5, 12);
  });

  it("warms up over the same steps in every task if it is told steps, as the reference code does", () => {
    const asThere = changedProtocol(protocols.GLUE_v2, { warmup: 267 });
    expect(asThere.name).toBe("GLUE_v2 with warm-up 267");
    for (const steps of [1000, 20_000]) {
      expect(learningRateAt(asThere, 267, steps)).toBeCloseTo(2e-5, 12);
      expect(learningRateAt(asThere, 89, steps)).toBeCloseTo(2e-5 / 3, 12);
    }
    expect(learningRateAt(asThere, 50, 100)).toBeCloseTo(1e-5, 12); // never past the end
  });

  it("belongs to protocols of at most five epochs, unless more are allowed", () => {
    for (const [name, protocol] of Object.entries(protocols)) {
      expect(protocol.name).toBe(name);
      checkProtocol(protocol, { allowMoreEpochs: true });
    }
    expect(() => checkProtocol(protocols.GLUE_v2)).toThrow(/GLUE_v2: expected at most 5 epochs/);
    expect(() => checkProtocol({ ...protocols.GLUE_sane, warmup: 1.5 })).toThrow(
      /warmup to be a share of the steps, below 1, or a whole number of steps, got 1\.5/,
    );
  });
});

describe("batches", () => {
  /** Texts of 0 to 119 letters; the label is the row. */
  const encoded = async (rows: number): Promise<EncodedExamples> => {
    const task = { ...glueTasks.sst2.task, labels: Array.from({ length: rows }, (_, i) => String(i)) };
    const examples = Array.from({ length: rows }, (_, i) => ({ text: "a".repeat((i * 7919) % 120), label: i }));
    return encodeExamples(task, examples, { encode, maxLength: 128, secondText: "pairs" });
  };
  const protocol: Protocol = { ...protocols.GLUE_sane, epochs: 2 };

  it("of training hold every example at most once an epoch, in whole batches", async () => {
    const data = await encoded(1605);
    const batches = [...trainingBatches(data, { protocol, seed: 1, padId: 0 })];
    expect(batches).toHaveLength(stepsOf(protocol, 1605));
    expect(batches.map(({ step }) => step)).toEqual(batches.map((_, i) => i));
    for (const epoch of [0, 1]) {
      const rows = batches.filter((batch) => batch.epoch === epoch).flatMap(({ labels }) => [...labels]);
      expect(rows).toHaveLength(1600);
      expect(new Set(rows).size).toBe(1600);
    }
  });

  it("of training that are sorted have few shapes and little padding, and are not in order of length", async () => {
    const data = await encoded(3200);
    const batches = [...trainingBatches(data, { protocol: { ...protocol, sortedBatches: 50 }, seed: 1, padId: 0 })];
    expect(new Set(batches.map(({ size, seqLength }) => `${size} ${seqLength}`)).size).toBeLessThanOrEqual(16);
    const slots = batches.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
    const tokens = batches.reduce((sum, { attentionMask }) => sum + attentionMask.reduce((a, b) => a + b), 0);
    expect(tokens / slots).toBeGreaterThan(0.9); // about a half without sorting
    const lengths = batches.slice(0, 50).map(({ seqLength }) => seqLength);
    expect(lengths).not.toEqual([...lengths].sort((a, b) => a - b));
  });

  it("mask the padding and nothing else", async () => {
    const data = await encoded(64);
    for (const { inputIds, attentionMask, labels, seqLength } of trainingBatches(data, {
      protocol,
      seed: 2,
      padId: 9,
    })) {
      for (const [i, row] of labels.entries()) {
        const length = data.starts[row + 1]! - data.starts[row]!;
        const at = (array: Int32Array) => [...array.subarray(i * seqLength, (i + 1) * seqLength)];
        expect(at(attentionMask)).toEqual(Array.from({ length: seqLength }, (_, j) => (j < length ? 1 : 0)));
        expect(at(inputIds).slice(length)).toEqual(new Array(seqLength - length).fill(9));
      }
    }
  });

  it("of evaluation hold every example once, the last one filled up to a multiple of 8", async () => {
    const data = await encoded(203);
    const batches = [...evaluationBatches(data, { batchSize: 64, padId: 0 })];
    expect(batches.map(({ size, rows }) => [size, rows.length])).toEqual([
      [64, 64],
      [64, 64],
      [64, 64],
      [16, 11],
    ]);
    expect(batches.flatMap(({ rows }) => [...rows]).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 203 }, (_, i) => i),
    );
    const { inputIds, seqLength, size } = batches.at(-1)!;
    const row = (i: number) => inputIds.subarray(i * seqLength, (i + 1) * seqLength);
    expect(row(size - 1)).toEqual(row(10));
  });
});
