import { describe, expect, it } from "vitest";
import {
  huggingFaceBertConfig,
  isModernBert,
  type ModelConfig,
  modelConfigFromHuggingFace,
  modernBertConfig,
  preset,
} from "./index.ts";

const head = { labels: 3, width: 768, pooling: "first", dropout: 0.2 } as const;

describe("a config.json of Hugging Face", () => {
  it.each<[string, Partial<ModelConfig>]>([
    ["masked language model", { dropout: 0.1, attentionDropout: 0.3, paddingId: 3, normEpsilon: 1e-6 }],
    ["decoder of its own", { tieWeights: false, activation: "silu", init: { type: "normal", std: 0.5 } }],
    ["squared ReLU", { activation: "relu2" }],
    ["no head", { head: { type: "none" } }],
    ["classifier", { head: { type: "classification", ...head } }],
    ["regression", { head: { type: "regression", ...head, labels: 1 } }],
    ["token classifier", { head: { type: "token-classification", labels: 5, dropout: 0.1 } }],
  ])("describes the model that it was written for: %s", (_, fields) => {
    const config = preset("hf-bert-base", fields);
    expect(modelConfigFromHuggingFace(huggingFaceBertConfig(config))).toEqual(config);
  });

  const modern: Partial<ModelConfig> = {
    ...{ position: "none", rotary: true, firstNorm: false, norm: "LayerNorm-unbiased", predictionHead: "transform" },
    ...{ decoderBias: true, maxLength: 128, activation: "gelu-glu" },
  };
  const labels = { labels: 3, dropout: 0.2, transform: true } as const;
  it.each<[string, Partial<ModelConfig>]>([
    ["masked language model", {}],
    ["no head", { head: { type: "none" } }],
    ["classifier", { head: { type: "classification", ...labels, width: null, pooling: "mean" } }],
    ["regression", { head: { type: "regression", ...labels, labels: 1, width: null, pooling: "first" } }],
    ["token classifier", { head: { type: "token-classification", ...labels } }],
  ])("describes the ModernBERT that it was written for: %s", (_, fields) => {
    const config = preset("crammed-bert", { ...modern, ...fields });
    expect(isModernBert(config)).toBe(true);
    const mixer = Array.from({ length: config.layers }, () => config.mixer); // one for each layer, as its file has them
    const init = { type: "normal", std: config.init.std };
    expect(modelConfigFromHuggingFace(modernBertConfig(config))).toEqual({ ...config, mixer, init });
  });

  it("is none of a ModernBERT's for labels on a pooler", () => {
    const head = { type: "classification", labels: 3, width: 768, pooling: "first", dropout: 0 } as const;
    expect(() => modernBertConfig(preset("crammed-bert", { ...modern, head }))).toThrow(
      /head\.transform false, not true/,
    );
    const theirs = preset("hf-bert-base", { head: { ...head, width: null, transform: true } });
    expect(() => huggingFaceBertConfig(theirs)).toThrow(/head\.transform true, not false/);
  });

  it.each<[string, Partial<ModelConfig>, RegExp]>([
    ["queries that are normed", { qkNorm: true }, /qkNorm true, not false/],
    ["values of the first layer", { valueResidual: true }, /valueResidual true, not false/],
    ["a gate", { activation: "relu2-glu" }, /activation relu2-glu, which has a gate/],
  ])("is refused for %s, which BERT has no place for", (_, fields, message) => {
    expect(() => huggingFaceBertConfig(preset("hf-bert-base", fields))).toThrow(message);
  });

  it("may leave out what BERT has a default for, and have other names for an activation", () => {
    const {
      hidden_dropout_prob: _,
      tie_word_embeddings: __,
      ...fields
    } = huggingFaceBertConfig(preset("hf-bert-base"));
    const classifier = { ...fields, architectures: ["BertForSequenceClassification"], hidden_act: "swish" };
    expect(modelConfigFromHuggingFace(classifier)).toMatchObject({
      dropout: 0.1,
      tieWeights: true,
      activation: "silu",
      head: { type: "classification", labels: 2, dropout: 0.1 },
    });
  });

  it.each([
    [{ model_type: "gpt2" }, /^here: expected model_type "bert", "roberta", "modernbert", got "gpt2"; no other model/],
    [{ position_embedding_type: "relative_key" }, /expected position_embedding_type "absolute", got "relative_key"/],
    [{ is_decoder: true }, /expected is_decoder false, got true; only encoders/],
    [{ hidden_act: "gelu_new" }, /expected hidden_act "gelu", .*got "gelu_new"/],
    [{ architectures: ["BertForQuestionAnswering"] }, /"BertForTokenClassification", got "BertForQuestionAnswering"/],
    [{ problem_type: "ranking" }, /problem_type .*got "ranking"/],
    [{ vocab_size: "big" }, /expected a number as vocab_size, got "big"/],
    [{ layer_norm_eps: "1e-5" }, /expected a number as layer_norm_eps, got "1e-5"/],
  ])("is refused with what is wrong: %o", (fields, message) => {
    const config = { ...huggingFaceBertConfig(preset("hf-bert-base")), ...fields };
    expect(() => modelConfigFromHuggingFace(config, "here")).toThrow(message);
  });
});
