import { registerGradients } from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import { type ModelConfig, preset, presetNames } from "./index.ts";
import { mean, trainOnOneBatch } from "./testing/training-run.testing.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
  registerGradients();
});

/** As deep as the preset, but narrow and short. */
const narrow = (config: ModelConfig): ModelConfig => {
  const heads = config.hidden / config.heads > 64 ? 4 : 2;
  return {
    ...config,
    vocabSize: 64,
    hidden: 24,
    heads: config.rotary ? 2 : heads,
    intermediate: 32,
    maxLength: 16,
    embeddingSize: config.embeddingSize && 8,
    funnel: config.funnel?.map((length) => length / 8) ?? null,
    dropout: 0.1,
    attentionDropout: 0.1,
  };
};

describe("every preset learns for 20 steps at reduced width", () => {
  it.each(presetNames)("%s", (name) => {
    const losses = trainOnOneBatch(narrow(preset(name)), 20);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(mean(losses.slice(-4))).toBeLessThan(mean(losses.slice(0, 4)) - 0.1);
  });
});
