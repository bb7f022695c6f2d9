import { fault } from "@cramkit/errors";
import { embeddingWidth, type Head, type ModelConfig } from "./config.ts";
import { activationAliases, activationNames } from "./hugging-face-activations.ts";
import {
  createFieldReader,
  differencesFrom,
  type HuggingFaceConfig,
  type HuggingFaceOptions,
  labelFields,
  type ReadOptions,
} from "./hugging-face-fields.ts";
import { modelConfigFromModernBert } from "./modern-bert-config.ts";
import { preset } from "./presets.ts";

/**
 * The `config.json` under which `transformers` loads the model as a BERT without code of its own.
 *
 * @throws RangeError listing every field in which the model is no BERT
 */
export const huggingFaceBertConfig = (config: ModelConfig, options: HuggingFaceOptions = {}): HuggingFaceConfig => {
  const problems = differencesFromBert(config);
  if (problems.length > 0) {
    throw fault({
      code: "invalid-argument",
      place: "huggingFaceBertConfig",
      problem: `expected a model of BERT's shape, got ${problems.join("; ")}`,
      remedy: "export it to ONNX, which takes any model",
      type: RangeError,
    });
  }
  return {
    ...commonFields(config, options),
    num_hidden_layers: config.layers,
    intermediate_size: config.intermediate,
    hidden_act: activationNames[config.activation],
    hidden_dropout_prob: config.dropout,
    attention_probs_dropout_prob: config.attentionDropout,
    ...("dropout" in config.head && { classifier_dropout: config.head.dropout }),
    // Tokenizers say 1 for the second text of a pair, whether or not the model knows types.
    type_vocab_size: config.typeVocabSize || 2,
    initializer_range: config.init.std,
    layer_norm_eps: config.normEpsilon,
    position_embedding_type: "absolute",
    tie_word_embeddings: config.tieWeights,
    torch_dtype: "float32",
  };
};

/**
 * The `config.json` beside an ONNX file, from which transformers.js knows how to call it. It takes any model: the graph is in
 * the file, and `model_type` only says that inputs and outputs are named as a BERT's are.
 */
export const transformersJsConfig = (config: ModelConfig, options: HuggingFaceOptions = {}): HuggingFaceConfig =>
  commonFields(config, options);

const commonFields = (config: ModelConfig, options: HuggingFaceOptions): HuggingFaceConfig => ({
  architectures: [architectures[config.head.type]],
  model_type: "bert",
  vocab_size: config.vocabSize,
  hidden_size: config.hidden,
  num_attention_heads: config.heads,
  max_position_embeddings: config.maxLength,
  pad_token_id: config.paddingId,
  ...labelFields(config, options),
});

const architectures: Record<ModelConfig["head"]["type"], string> = {
  none: "BertModel",
  "masked-language-model": "BertForMaskedLM",
  classification: "BertForSequenceClassification",
  regression: "BertForSequenceClassification",
  "token-classification": "BertForTokenClassification",
};

/** Whether the model is a BERT of `transformers`. */
export const isBert = (config: ModelConfig): boolean => differencesFromBert(config).length === 0;

/**
 * The same for a RoBERTa, whose positions begin after the padding's.
 *
 * @throws RangeError listing every field in which the model differs from one
 */
export const robertaConfig = (config: ModelConfig, options: HuggingFaceOptions = {}): HuggingFaceConfig => {
  const bert = huggingFaceBertConfig(config, options);
  const [architecture] = bert.architectures as [string];
  return {
    ...bert,
    model_type: "roberta",
    architectures: [architecture.replace(/^Bert/, "Roberta")],
    max_position_embeddings: config.maxLength + config.paddingId + 1,
  };
};

/** What of a model BERT has no place for, field by field. Missing biases do not count: they are written as zeros. */
const differencesFromBert = (config: ModelConfig): string[] => {
  const { head, hidden } = config;
  const problems = differencesFrom(config, {
    normScheme: "post",
    norm: "LayerNorm",
    position: "learned",
    finalNorm: false,
    firstNorm: true,
    rotary: false,
    ...(head.type === "masked-language-model" && { predictionHead: "transform" }),
  });
  if ([config.mixer].flat().some((mixer) => mixer !== "self-attention"))
    problems.push("mixer other than self-attention");
  if (!activationNames[config.activation]) problems.push(`activation ${config.activation}, which has a gate`);
  if (embeddingWidth(config) !== hidden) problems.push(`embeddingSize ${config.embeddingSize}, not ${hidden}`);
  if ("pooling" in head && head.pooling !== "first") problems.push(`head.pooling ${head.pooling}, not first`);
  if ("transform" in head && head.transform) problems.push("head.transform true, not false");
  if ("width" in head && head.width !== hidden) problems.push(`head.width ${head.width}, not ${hidden}`);
  return problems;
};

/** What a field says that is not there, as the classes of `transformers` have it. */
const usualFields: Record<string, HuggingFaceConfig> = {
  bert: { vocab_size: 30522, pad_token_id: 0 },
  roberta: { vocab_size: 50265, pad_token_id: 1 },
};
const usualOfAll: HuggingFaceConfig = {
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  hidden_act: "gelu",
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  layer_norm_eps: 1e-12,
  initializer_range: 0.02,
};

/**
 * The model that the `config.json` of a Hugging Face BERT, RoBERTa or ModernBERT describes, with the head that its
 * `architectures` name. RoBERTa counts positions from `pad_token_id + 1` on: its `maxLength` is so much less. That of a
 * ModernBERT is 512 at most, and its head that of a masked language model, or none.
 *
 * @param path of the file, for errors
 * @throws RangeError for a field that says something that no model here does
 */
export const modelConfigFromHuggingFace = (
  fields: HuggingFaceConfig,
  path = "config.json",
  { encoderOnly = false }: ReadOptions = {},
): ModelConfig => {
  const type = String(fields.model_type);
  if (type === "modernbert") return modelConfigFromModernBert(fields, path, encoderOnly);
  const usual = { ...usualOfAll, ...usualFields[type] };
  const { value, number, oneOf, labels } = createFieldReader(fields, usual, path);
  const kinds = [...Object.keys(usualFields), "modernbert"];
  oneOf("model_type", fields.model_type, kinds, "no other model is read from Hugging Face");
  oneOf("is_decoder", fields.is_decoder ?? false, [false], "only encoders are read, which see the text to both sides");
  const positions = fields.position_embedding_type ?? "absolute";
  oneOf("position_embedding_type", positions, ["absolute"], "relative positions are in no model here");
  const activation = value("hidden_act");
  oneOf("hidden_act", activation, Object.keys(activationAliases), "no other activation is there");
  const [named = "BertForMaskedLM"] = (fields.architectures ?? []) as string[];
  const architecture = encoderOnly ? "BertModel" : named.replace(/^Roberta/, "Bert");
  oneOf("an architecture of", architecture, Object.keys(headsByArchitecture), "save it as one of them");
  const hidden = number("hidden_size");
  const dropout = number("hidden_dropout_prob");
  const { isRegression, ...counted } = encoderOnly ? { labels: 0, isRegression: false } : labels();
  const sizes = { hidden, ...counted, dropout: number("classifier_dropout", fields.classifier_dropout ?? dropout) };
  const paddingId = number("pad_token_id");
  return preset("hf-bert-base", {
    vocabSize: number("vocab_size"),
    hidden,
    layers: number("num_hidden_layers"),
    heads: number("num_attention_heads"),
    intermediate: number("intermediate_size"),
    activation: activationAliases[String(activation)] as ModelConfig["activation"],
    maxLength: number("max_position_embeddings") - (type === "roberta" ? paddingId + 1 : 0),
    typeVocabSize: number("type_vocab_size"),
    paddingId,
    normEpsilon: number("layer_norm_eps"),
    tieWeights: fields.tie_word_embeddings !== false,
    dropout,
    attentionDropout: number("attention_probs_dropout_prob"),
    init: { type: "normal", std: number("initializer_range") },
    head: headsByArchitecture[architecture]!(sizes, isRegression),
  });
};

type HeadSizes = { hidden: number; labels: number; dropout: number };

const headsByArchitecture: Record<string, (sizes: HeadSizes, isRegression: boolean) => Head> = {
  BertForMaskedLM: () => ({ type: "masked-language-model" }),
  BertForPreTraining: () => ({ type: "masked-language-model" }),
  BertModel: () => ({ type: "none" }),
  BertForSequenceClassification: ({ hidden, labels, dropout }, isRegression) => ({
    type: isRegression ? "regression" : "classification",
    labels,
    width: hidden,
    pooling: "first",
    dropout,
  }),
  BertForTokenClassification: ({ labels, dropout }) => ({ type: "token-classification", labels, dropout }),
};
