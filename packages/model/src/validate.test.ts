import { registerGradients } from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import {
  checkConfig,
  classificationLoss,
  classify,
  encode,
  huggingFaceBertConfig,
  init,
  type ModelConfig,
  modelConfig,
  modelConfigFromFixture,
  type PresetName,
  parameterCount,
  preset,
  presetNames,
  tokenClassificationLoss,
} from "./index.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
  registerGradients();
});

describe("a configuration that cannot work names the field and what it may be", () => {
  it.each<[string, Record<string, unknown>, RegExp]>([
    ["heads that do not divide", { heads: 7 }, /heads: expected a divisor of hidden 768, got 7/],
    ["a negative size", { layers: -1 }, /layers: expected an integer of at least 0, got -1/],
    ["a size that is no integer", { hidden: 12.5 }, /hidden: expected a positive integer, got 12\.5/],
    ["a size that is text", { vocabSize: "big" }, /vocabSize: expected a positive integer, got "big"/],
    ["an unknown mixer", { mixer: "convolution" }, /mixer: expected one of self-attention, .*got "convolution"/],
    [
      "an unknown activation",
      { activation: "swish" },
      /activation: expected one of gelu, relu, silu, mish, gelu-glu.*"swish"/,
    ],
    [
      "an unknown norm",
      { norm: "BatchNorm" },
      /norm: expected one of LayerNorm, LayerNorm-unbiased, RMSNorm, RMSNorm-v1, ScaleNorm or a function/,
    ],
    ["an unknown position", { position: "alibi" }, /position: expected one of scaled-sinusoidal/],
    ["an unknown field", { layer: 3 }, /expected fields vocabSize, .*got layer/],
    ["a flag that is text", { rotary: "yes" }, /rotary: expected true or false, got "yes"/],
    ["a rate of 1", { dropout: 1 }, /dropout: expected a rate from 0 to below 1, got 1/],
    ["an odd width with a gate", { intermediate: 33 }, /intermediate: expected an even number/],
    ["an odd head with rotation", { hidden: 6, heads: 2, rotary: true }, /rotary: expected an even head size, got 3/],
    [
      "a rotation of nothing",
      { mixer: "flash", rotary: true },
      /rotary: expected false with mixer flash, which has no/,
    ],
    [
      "a norm of no queries",
      { mixer: "fourier", qkNorm: true },
      /qkNorm: expected false with mixer fourier, which has no queries and keys to norm/,
    ],
    [
      "values of a layer that has none",
      { layers: 2, mixer: ["self-attention", "flash"], valueResidual: true },
      /valueResidual: expected attention in every layer, got mixer \["self-attention","flash"\]/,
    ],
    [
      "values of a layer that is left out",
      { layerDrop: 0.5, valueResidual: true },
      /valueResidual: expected no shared/,
    ],
    ["values of a shared layer", { sharedLayers: 4, valueResidual: true }, /valueResidual: expected no sharedLayers/],
    ["a post-norm without its first", { normScheme: "post", firstNorm: false }, /firstNorm: expected true with/],
    ["a shared layer without its norm", { sharedLayers: 4, firstNorm: false }, /firstNorm: expected true with/],
    [
      "shared layers that mix in two ways",
      { layers: 2, sharedLayers: 1, mixer: ["fourier", "self-attention"] },
      /mixer: expected the same in every round of 1 shared layers, got \["fourier","self-attention"\]/,
    ],
    ["shared layers that do not divide", { sharedLayers: 5 }, /sharedLayers: expected 0 or a divisor of layers 16/],
    ["a mixer too few", { mixer: ["fourier"] }, /mixer: expected one for each of 16 layers, got 1/],
    [
      "a funnel that does not fit",
      { layers: 2, funnel: [128, 100] },
      /funnel: expected to begin and end with maxLength 128/,
    ],
    [
      "a factorised embedding without a way back",
      { embeddingSize: 96 },
      /predictionHead: expected linear or transform/,
    ],
    [
      "a funnel whose mask does not divide",
      { layers: 5, maxLength: 12, funnel: [12, 4, 8, 4, 12] },
      /divide maxLength 12/,
    ],
    ["rounds of no layers", { recurrence: "deep-thinking" }, /sharedLayers: expected the layers of a round.*got 0/],
    [
      "rounds of different lengths",
      { recurrence: "deep-thinking", sharedLayers: 2, layers: 2, funnel: [128, 128] },
      /funnel: expected null, as each round/,
    ],
    [
      "a head without its fields",
      { head: { type: "classification" } },
      /head\.labels: .*got nothing\n.*head\.dropout: .*\n.*head\.width: .*\n.*head\.pooling: /,
    ],
    ["no head", { head: null }, /head: expected an object with a type, got null/],
    ["an init that is a name", { init: "normal" }, /init: expected \{ type, std \}, got "normal"/],
    ["a funnel that is no list", { funnel: 128 }, /funnel: expected null or a list of lengths, got 128/],
    ["an unknown head", { head: { type: "question" } }, /head\.type: expected one of none, .*got "question"/],
  ])("%s", (_, fields, message) => {
    expect(() => modelConfig(fields as Partial<ModelConfig>)).toThrow(message);
  });

  it("lists all that is wrong at once", () => {
    expect(() => modelConfig({ hidden: 0, heads: -2, dropout: Number.NaN })).toThrow(
      /hidden: .*\n.*heads: .*\n.*dropout: /,
    );
    expect(() => init({ ...modelConfig(), heads: 7 }, 1)).toThrow(/heads/);
  });

  it("says so for an unknown preset and for a fixture", () => {
    expect(() => preset("bert" as PresetName)).toThrow(/expected one of crammed-bert, /);
    expect(() => modelConfigFromFixture({ vocab: 4 })).toThrow(/expected layers to be an integer, got nothing/);
    const fields = {
      vocab: 4,
      layers: 1,
      hidden: 4,
      heads: 1,
      intermediate: 4,
      max_seq: 4,
      eps: 1e-6,
      activation: "Swish",
    };
    expect(() => modelConfigFromFixture(fields)).toThrow(/expected activation to be GELU, ReLU, SiLU, Mish/);
  });
});

describe("presets", () => {
  it.each(presetNames)("%s can work, as JSON too", (name) => {
    const config = preset(name);
    checkConfig(JSON.parse(JSON.stringify(config)));
    expect(parameterCount(config)).toBeGreaterThan(1e6);
  });
});

describe("bad input to a model", () => {
  const config = modelConfig({ vocabSize: 20, hidden: 8, layers: 1, heads: 2, intermediate: 8, maxLength: 4 });

  it("names sequences that are too long, missing parameters and a missing head", () => {
    const params = init(config, 1);
    const ids = (seq: number) => ({ inputIds: tf.zeros<tf.Rank.R2>([1, seq], "int32") });
    expect(() => encode(params, config, ids(5))).toThrow(/seq <= maxLength 4, got \[1, 5\]/);
    const { "encoder.final_norm.bias": _, ...rest } = params;
    expect(() => encode(rest, config, ids(4))).toThrow(/parameter encoder\.final_norm\.bias/);
    expect(() => classify(params, config, ids(4))).toThrow(
      /classification or regression head, got masked-language-model/,
    );
    tf.disposeVariables();
  });

  it("names labels that do not fit", () => {
    const head = { type: "classification", labels: 2, width: 4, pooling: "first", dropout: 0 } as const;
    const classifier = { ...config, head };
    const tagger = { ...config, head: { type: "token-classification", labels: 2, dropout: 0 } as const };
    const inputs = { inputIds: tf.zeros<tf.Rank.R2>([2, 4], "int32") };
    expect(() => classificationLoss({}, classifier, inputs, [1])).toThrow(/expected 2 labels, got 1/);
    expect(() => classificationLoss({}, classifier, inputs, [1, 2])).toThrow(/whole labels below 2, from 0, got 2/);
    expect(() => classificationLoss({}, classifier, inputs, [-1, 1])).toThrow(/got -1/);
    expect(() => classificationLoss({}, classifier, inputs, [0.5, 1])).toThrow(/whole.*got 0\.5/);
    expect(() => tokenClassificationLoss({}, tagger, inputs, Array(8).fill(0.5))).toThrow(/whole.*got 0\.5/);
    expect(() => tokenClassificationLoss({}, tagger, inputs, Array(8).fill(-100))).toThrow(/label for some token/);
  });

  it("lists in what a model is no BERT", () => {
    expect(() => huggingFaceBertConfig(preset("crammed-bert"))).toThrow(
      /normScheme "pre", not "post".*activation gelu-glu/,
    );
    expect(() => huggingFaceBertConfig(preset("hf-bert-base", { finalNorm: true }))).toThrow(
      "got finalNorm true, not false; export it to ONNX",
    );
    expect(huggingFaceBertConfig(preset("hf-bert-base"))).toMatchObject({
      model_type: "bert",
      architectures: ["BertForMaskedLM"],
      hidden_act: "gelu",
    });
    // Where it is absent, transformers drops as much of the pooled state as of hidden ones.
    const head = { type: "classification", labels: 3, width: 768, pooling: "first", dropout: 0.3 } as const;
    expect(huggingFaceBertConfig(preset("hf-bert-base", { head, dropout: 0.1 }))).toMatchObject({
      hidden_dropout_prob: 0.1,
      classifier_dropout: 0.3,
    });
  });
});

it.each([
  ["layers", 1e9],
  ["hidden", 1e7],
  ["vocabSize", 2 ** 40],
  ["intermediate", 1e9],
  ["maxLength", 1e12],
  ["heads", 1e6],
] as const)("refuses %s of %d at once", (field, value) => {
  const from = performance.now();
  expect(() => checkConfig({ ...preset("crammed-bert"), [field]: value })).toThrow(`${field}: expected at most`);
  expect(performance.now() - from).toBeLessThan(1_000);
});

it("refuses more parameters than a device holds", () => {
  const large = { ...preset("crammed-bert"), layers: 1000, hidden: 30_720, heads: 240, intermediate: 122_880 };
  expect(() => checkConfig(large)).toThrow(/expected at most 8,589,934,592 parameters, got [\d,]+/);
});
