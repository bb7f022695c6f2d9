import { fault } from "@cramkit/errors";
import { embeddingWidth, type Head, type MixerName, type ModelConfig, splitActivation } from "./config.ts";
import { activationAliases, activationNames } from "./hugging-face-activations.ts";
import {
  createFieldReader,
  differencesFrom,
  type FieldReader,
  type HuggingFaceConfig,
  type HuggingFaceOptions,
  labelFields,
} from "./hugging-face-fields.ts";
import { preset } from "./presets.ts";

/** ModernBERT takes 8,192 tokens; here are no kernels for such rows. */
const longest = 512;

const layerTypes: Record<string, MixerName> = {
  full_attention: "self-attention",
  sliding_attention: "local-attention",
};

/** What a field says that is not there, as the class of `transformers` has it. */
const usual: HuggingFaceConfig = {
  vocab_size: 50368,
  hidden_size: 768,
  intermediate_size: 1152,
  num_hidden_layers: 22,
  num_attention_heads: 12,
  hidden_activation: "gelu",
  classifier_activation: "gelu",
  max_position_embeddings: 8192,
  initializer_range: 0.02,
  norm_eps: 1e-5,
  norm_bias: false,
  pad_token_id: 50283,
  attention_bias: false,
  mlp_bias: false,
  classifier_bias: false,
  classifier_pooling: "cls",
  classifier_dropout: 0,
  decoder_bias: true,
  attention_dropout: 0,
  embedding_dropout: 0,
  local_attention: 128,
  global_attn_every_n_layers: 3,
  global_rope_theta: 160000,
  local_rope_theta: 10000,
  tie_word_embeddings: true,
};

const architectures: Record<Head["type"], string> = {
  none: "ModernBertModel",
  "masked-language-model": "ModernBertForMaskedLM",
  classification: "ModernBertForSequenceClassification",
  regression: "ModernBertForSequenceClassification",
  "token-classification": "ModernBertForTokenClassification",
};
const poolings: Record<string, "first" | "mean"> = { cls: "first", mean: "mean" };

/** The head that a ModernBERT's architecture stands for: its prediction head is below every layer of labels, too. */
const headOf = (architecture: string, { value, number, oneOf, labels }: FieldReader): Head => {
  if (architecture === architectures.none) return { type: "none" };
  if (architecture === architectures["masked-language-model"]) return { type: "masked-language-model" };
  const counted = labels();
  const head = { labels: counted.labels, dropout: number("classifier_dropout"), transform: true };
  if (architecture === architectures["token-classification"]) return { type: "token-classification", ...head };
  const pooling = value("classifier_pooling");
  oneOf("classifier_pooling", pooling, Object.keys(poolings), "no other pooling is in ModernBERT");
  const type = counted.isRegression ? "regression" : "classification";
  return { type, ...head, width: null, pooling: poolings[String(pooling)]! };
};

/**
 * The model that the `config.json` of a ModernBERT describes, for rows of up to 512 tokens: the encoder, with the head that its
 * architecture names.
 *
 * @param isEncoder whether the encoder alone is wanted, whatever stands on top of it
 * @throws RangeError for a field that says something that no model here does
 */
export const modelConfigFromModernBert = (fields: HuggingFaceConfig, path: string, isEncoder: boolean): ModelConfig => {
  const reader = createFieldReader(fields, usual, path);
  const { value, number, oneOf } = reader;
  const [named = "ModernBertForMaskedLM"] = (fields.architectures ?? []) as string[];
  const architecture = isEncoder ? architectures.none : named;
  const remedy = "save the model without its head, or ask for the encoder alone; its other heads are not read";
  oneOf("an architecture of", architecture, [...new Set(Object.values(architectures))], remedy);
  const activation = value("hidden_activation");
  oneOf("hidden_activation", activation, Object.keys(activationAliases), "no other activation is there");
  const bias = value("mlp_bias");
  oneOf("attention_bias as mlp_bias", value("attention_bias"), [bias], "no model here tells them apart");
  const head = headOf(architecture, reader);
  if (head.type !== "none") {
    oneOf("classifier_bias as mlp_bias", value("classifier_bias"), [bias], "no model here tells them apart");
    oneOf(
      "classifier_activation as hidden_activation",
      value("classifier_activation"),
      [activation],
      "no model here tells them apart",
    );
  }
  const layers = number("num_hidden_layers");
  const every = number("global_attn_every_n_layers");
  const types = (fields.layer_types ??
    Array.from({ length: layers }, (_, i) => (i % every ? "sliding_attention" : "full_attention"))) as string[];
  for (const type of types) oneOf("layer_types", type, Object.keys(layerTypes), "no other layer is there");
  const bases = ropeBases(fields, reader);
  const mixer = types.map((type) => layerTypes[type]!);
  const reach = Math.floor(number("local_attention") / 2);
  return preset("crammed-bert", {
    vocabSize: number("vocab_size"),
    hidden: number("hidden_size"),
    layers,
    heads: number("num_attention_heads"),
    intermediate: 2 * number("intermediate_size"),
    maxLength: Math.min(longest, number("max_position_embeddings")),
    paddingId: number("pad_token_id"),
    position: "none",
    norm: value("norm_bias") === true ? "LayerNorm" : "LayerNorm-unbiased",
    normEpsilon: number("norm_eps"),
    firstNorm: false,
    mixer,
    localAttention: mixer.includes("local-attention")
      ? { reach, rotaryBase: number("local_rope_theta", bases.local) }
      : null,
    rotary: true,
    rotaryBase: number("global_rope_theta", bases.global),
    activation: `${activationAliases[String(activation)]}-glu` as ModelConfig["activation"],
    useBias: bias === true,
    qkvBias: bias === true,
    predictionHead: "transform",
    tieWeights: value("tie_word_embeddings") !== false,
    decoderBias: value("decoder_bias") === true,
    dropout: number("embedding_dropout"),
    attentionDropout: number("attention_dropout"),
    init: { type: "normal", std: number("initializer_range") },
    head,
  });
};

/** As version 5 of `transformers` writes them, `rope_parameters`, or as those before it do. */
const ropeBases = (fields: HuggingFaceConfig, { oneOf }: FieldReader): { global: unknown; local: unknown } => {
  const remedy = "no rescaled positions are in a model here";
  oneOf("rope_scaling", fields.rope_scaling ?? null, [null], remedy);
  const parameters = (fields.rope_parameters ?? {}) as Record<string, HuggingFaceConfig | undefined>;
  const { full_attention: full, sliding_attention: sliding } = parameters;
  for (const one of [full, sliding]) oneOf("rope_type", one?.rope_type ?? "default", ["default"], remedy);
  const global = full?.rope_theta ?? fields.global_rope_theta ?? usual.global_rope_theta;
  // Of old, null is the base of the other layers.
  const before = fields.local_rope_theta === null ? global : (fields.local_rope_theta ?? usual.local_rope_theta);
  return { global, local: sliding?.rope_theta ?? before };
};

/** What of a model ModernBERT has no place for, field by field. */
const differences = (config: ModelConfig): string[] => {
  const { head, hidden, norm } = config;
  const problems = differencesFrom(config, {
    normScheme: "pre",
    position: "none",
    typeVocabSize: 0,
    finalNorm: true,
    firstNorm: false,
    rotary: true,
    qkvBias: config.useBias,
    ...(head.type !== "none" && { predictionHead: "transform" }),
  });
  if ("labels" in head && !head.transform) problems.push("head.transform false, not true");
  if ("pooling" in head && !Object.values<string>(poolings).includes(head.pooling))
    problems.push(`head.pooling ${head.pooling}, not first or mean`);
  if (norm !== "LayerNorm" && norm !== "LayerNorm-unbiased") problems.push("norm other than LayerNorm");
  if ([config.mixer].flat().some((one) => one !== "self-attention" && one !== "local-attention"))
    problems.push("mixer other than self-attention and local-attention");
  const { fn, gated } = splitActivation(config.activation);
  if (!gated || !activationNames[fn]) problems.push(`activation ${config.activation}, which has no gate`);
  if (embeddingWidth(config) !== hidden) problems.push(`embeddingSize ${config.embeddingSize}, not ${hidden}`);
  return problems;
};

/** Whether the model is a ModernBERT of `transformers`, with one of its heads or none. */
export const isModernBert = (config: ModelConfig): boolean => differences(config).length === 0;

/**
 * The `config.json` under which `transformers` loads the model as a ModernBERT.
 *
 * @throws RangeError listing every field in which the model differs from one
 */
export const modernBertConfig = (config: ModelConfig, options: HuggingFaceOptions = {}): HuggingFaceConfig => {
  const problems = differences(config);
  if (problems.length > 0)
    throw fault({
      code: "invalid-argument",
      place: "modernBertConfig",
      problem: `expected a model of ModernBERT's shape, got ${problems.join("; ")}`,
      remedy: "export it to ONNX, which takes any model",
      type: RangeError,
    });
  const { layers, localAttention, rotaryBase, useBias, dropout, head } = config;
  const mixers = Array.isArray(config.mixer) ? config.mixer : Array.from({ length: layers }, () => config.mixer);
  const types = mixers.map((mixer) => (mixer === "local-attention" ? "sliding_attention" : "full_attention"));
  const localBase = localAttention?.rotaryBase ?? usual.local_rope_theta;
  const activation = activationNames[splitActivation(config.activation).fn]!;
  const every = types.findIndex((type, i) => i > 0 && type === "full_attention");
  const period = every > 0 ? every : layers;
  // Versions before 5 have no other order of layers.
  const isRegular = types.every((type, i) => (type === "full_attention") === (i % period === 0));
  return {
    architectures: [architectures[head.type]],
    model_type: "modernbert",
    vocab_size: config.vocabSize,
    hidden_size: config.hidden,
    intermediate_size: config.intermediate / 2,
    num_hidden_layers: layers,
    num_attention_heads: config.heads,
    hidden_activation: activation,
    max_position_embeddings: config.maxLength,
    initializer_range: config.init.std,
    norm_eps: config.normEpsilon,
    norm_bias: config.norm === "LayerNorm",
    pad_token_id: config.paddingId,
    attention_bias: useBias,
    attention_dropout: config.attentionDropout,
    layer_types: types,
    ...(isRegular && { global_attn_every_n_layers: Math.max(1, period) }),
    rope_parameters: {
      full_attention: { rope_type: "default", rope_theta: rotaryBase },
      sliding_attention: { rope_type: "default", rope_theta: localBase },
    },
    global_rope_theta: rotaryBase,
    local_rope_theta: localBase,
    local_attention: localAttention ? 2 * localAttention.reach : usual.local_attention,
    embedding_dropout: dropout,
    mlp_bias: useBias,
    mlp_dropout: dropout,
    classifier_bias: useBias,
    classifier_activation: activation,
    ...("labels" in head && { classifier_dropout: head.dropout }),
    ...("pooling" in head && { classifier_pooling: head.pooling === "first" ? "cls" : "mean" }),
    decoder_bias: config.decoderBias,
    tie_word_embeddings: config.tieWeights,
    torch_dtype: "float32",
    ...labelFields(config, options),
  };
};
