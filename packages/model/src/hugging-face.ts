import { embeddingWidth, type ModelConfig } from "./config.ts";

/** A `config.json` of Hugging Face transformers. */
export type HuggingFaceConfig = Record<string, unknown>;

/** Names of the activations that both sides have. */
const activationNames: Record<string, string> = { gelu: "gelu", relu: "relu", silu: "silu", mish: "mish" };

/**
 * The `config.json` under which `transformers` loads the model as a BERT without code of its own.
 *
 * @throws RangeError listing every field in which the model is no BERT
 */
export function huggingFaceBertConfig(config: ModelConfig): HuggingFaceConfig {
  const problems = differencesFromBert(config);
  if (problems.length > 0) {
    throw new RangeError(
      `huggingFaceBertConfig: expected a model of BERT's shape, got ${problems.join("; ")}; export it to ONNX, which takes any model`,
    );
  }
  return {
    ...commonFields(config),
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
    tie_word_embeddings: true,
    torch_dtype: "float32",
  };
}

/**
 * The `config.json` beside an ONNX file, from which transformers.js knows how to call it. It takes any model: the graph is in
 * the file, and `model_type` only says that inputs and outputs are named as a BERT's are.
 */
export function transformersJsConfig(config: ModelConfig): HuggingFaceConfig {
  return commonFields(config);
}

function commonFields(config: ModelConfig): HuggingFaceConfig {
  const { head } = config;
  const labels = "labels" in head ? Array.from({ length: head.labels }, (_, i) => `LABEL_${i}`) : undefined;
  return {
    architectures: [architectures[head.type]],
    model_type: "bert",
    vocab_size: config.vocabSize,
    hidden_size: config.hidden,
    num_attention_heads: config.heads,
    max_position_embeddings: config.maxSeq,
    pad_token_id: config.paddingId,
    ...(labels && {
      id2label: Object.fromEntries(labels.map((label, i) => [i, label])),
      label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
      ...(head.type === "regression" && { problem_type: "regression" }),
    }),
  };
}

const architectures: Record<ModelConfig["head"]["type"], string> = {
  none: "BertModel",
  "masked-language-model": "BertForMaskedLM",
  classification: "BertForSequenceClassification",
  regression: "BertForSequenceClassification",
  "token-classification": "BertForTokenClassification",
};

/** What of a model BERT has no place for, field by field. */
function differencesFromBert(config: ModelConfig): string[] {
  const wanted: Partial<ModelConfig> = {
    normScheme: "post",
    norm: "LayerNorm",
    position: "learned",
    embeddingNorm: true,
    finalNorm: false,
    rotary: false,
    feedForward: "dense",
    feedForwardEvery: 1,
    useBias: true,
    qkvBias: true,
    residualScale: 1,
    sharedLayers: 0,
    funnel: null,
  };
  const { head, hidden } = config;
  if (head.type === "masked-language-model")
    Object.assign(wanted, { predictionHead: "transform", tieWeights: true, decoderBias: true });
  const problems = Object.entries(wanted).flatMap(([field, value]) => {
    const found = config[field as keyof ModelConfig];
    return found === value
      ? []
      : [
          `${field} ${typeof found === "function" ? "of your own" : JSON.stringify(found)}, not ${JSON.stringify(value)}`,
        ];
  });
  if ([config.mixer].flat().some((mixer) => mixer !== "self-attention"))
    problems.push("mixer other than self-attention");
  if (!activationNames[config.activation]) problems.push(`activation ${config.activation}, which has a gate`);
  if (embeddingWidth(config) !== hidden) problems.push(`embeddingSize ${config.embeddingSize}, not ${hidden}`);
  if ("pooling" in head && head.pooling !== "first") problems.push(`head.pooling ${head.pooling}, not first`);
  if ("width" in head && head.width !== hidden) problems.push(`head.width ${head.width}, not ${hidden}`);
  return problems;
}
