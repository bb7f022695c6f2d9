import { fault, shown } from "@cramkit/errors";
import { embeddingWidth, type Head, type ModelConfig } from "./config.ts";
import { type HuggingFaceConfig, type HuggingFaceOptions, labelFields } from "./hugging-face-fields.ts";
import { preset } from "./presets.ts";

/** The study's own configuration: `arch` of a published `config.json`, or the `model_config.json` of one of its runs. */
export type CrammedArch = Record<string, unknown>;

const poolers = { zero_index: "first", avg: "mean", max: "max", lse: "logsumexp" } as const;
const mixersByOperation = {
  "torch-softmax": "self-attention",
  "torch-norm": "normalized-attention",
  none: "unnormalized-attention",
  cumsum: "cumulative-attention",
  cumsumexp: "cumulative-exp-attention",
} as const;
const activations = { GELU: "gelu", ReLU: "relu", SiLU: "silu", Mish: "mish", ReLU2: "relu2" } as const;

/** Classes of a model, ours and the study's, by what stands on top. */
const classes: Record<Head["type"], [ours: string, theirs: string | undefined, auto: string]> = {
  none: ["CrammedBertModel", "ScriptableLM", "AutoModel"],
  "masked-language-model": ["CrammedBertForMaskedLM", "ScriptableLMForPreTraining", "AutoModelForMaskedLM"],
  classification: [
    "CrammedBertForSequenceClassification",
    "ScriptableLMForSequenceClassification",
    "AutoModelForSequenceClassification",
  ],
  regression: ["CrammedBertForSequenceClassification", undefined, "AutoModelForSequenceClassification"],
  "token-classification": ["CrammedBertForTokenClassification", undefined, "AutoModelForTokenClassification"],
};

/** Whether a configuration is one of the study's. */
export const isCrammedArch = (fields: object): boolean => "num_transformer_layers" in fields && "embedding" in fields;

export interface CrammedSource {
  /** Names of the checkpoint's tensors: the code of v1 has a matrix that its configuration does not name. */
  names: Iterable<string>;
  /**
   * Of `config.json`: its class, its labels.
   * @defaultValue a masked language model
   */
  fields?: HuggingFaceConfig;
  /**
   * For errors.
   * @defaultValue `"model_config.json"`
   */
  path?: string;
}

/**
 * The model that a configuration of the study describes.
 *
 * @throws RangeError for a field that is missing, or says what no model here does
 */
export const modelConfigFromCrammed = (
  arch: CrammedArch,
  { names, fields = {}, path = "model_config.json" }: CrammedSource,
): ModelConfig => {
  const at = (group: string, name: string): unknown =>
    group === "" ? arch[name] : (arch[group] as CrammedArch | undefined)?.[name];
  const expected = (name: string, what: string, value: unknown): RangeError =>
    fault({
      code: "invalid-input",
      place: path,
      problem: `expected ${what} as ${name}, got ${shown(value)}`,
      type: RangeError,
    });
  const number = (group: string, name: string, otherwise?: number): number => {
    const value = at(group, name) ?? otherwise;
    if (typeof value === "number") return value;
    throw expected(`${group}${group && "."}${name}`, "a number", value);
  };
  const flag = (group: string, name: string, otherwise: boolean): boolean => (at(group, name) ?? otherwise) === true;
  const pick = <Found>(choices: Readonly<Record<string, Found>>, group: string, name: string, usual: string): Found => {
    const value = String(at(group, name) ?? usual);
    if (Object.hasOwn(choices, value)) return choices[value]!;
    throw expected(`${group}${group && "."}${name}`, `one of ${Object.keys(choices).join(", ")}`, value);
  };
  const named = <const Names extends readonly string[]>(...list: Names) =>
    Object.fromEntries(list.map((name) => [name, name])) as Record<Names[number], Names[number]>;

  pick(named("self-attention", "flash-attention-impl"), "attention", "type", "self-attention");
  pick(named("false"), "attention", "causal_attention", "false");
  pick(named("false"), "attention", "skip_output_projection", "false");
  pick(named("transformer"), "", "layer_macro_type", "transformer");
  pick(named("true", "false"), "attention", "rotary_embedding", "false");
  const nonlin = String(at("", "nonlin"));
  const base = nonlin.replace(/glu$/i, "");
  const activation = Object.entries(activations).find(([name]) => name.toLowerCase() === base.toLowerCase())?.[1];
  if (!activation)
    throw expected("nonlin", `one of ${Object.keys(activations).join(", ")}, with or without "glu"`, nonlin);
  const known = new Set(names);
  const [hidden, layers] = [number("", "hidden_size"), number("", "num_transformer_layers")];
  const width = at("embedding", "embedding_dim");
  const dropout = number("", "hidden_dropout_prob", 0.1);
  const layerDrop = number("", "layer_drop_theta", 0) || null;
  const skips = flag("", "skip_head_transform", false);
  const isLinear = known.has("prediction_head.weight");
  return preset("crammed-bert", {
    vocabSize: number("embedding", "vocab_size"),
    hidden,
    layers,
    heads: number("attention", "num_attention_heads"),
    intermediate: number("", "intermed_size"),
    maxLength: number("embedding", "max_seq_length", 128),
    embeddingSize: typeof width === "number" && width !== hidden ? width : null,
    inputProjectionBias: known.has("encoder.input_projection.bias"),
    typeVocabSize: number("embedding", "type_vocab_size", 0),
    paddingId: number("embedding", "pad_token_id", 0),
    position: pick(named("scaled-sinusoidal", "sinusoidal", "learned", "none"), "embedding", "pos_embedding", "none"),
    embeddingNorm: flag("embedding", "normalization", false),
    norm: pick(named("LayerNorm", "RMSNorm", "ScaleNorm"), "", "norm", "LayerNorm"),
    normEpsilon: number("", "norm_eps", 1e-12),
    normScheme: pick(named("pre", "post", "sandwich"), "", "norm_scheme", "pre"),
    finalNorm: flag("", "final_norm", false),
    firstNorm: flag("", "first_norm", true),
    mixer: pick(mixersByOperation, "attention", "sequence_op", "torch-softmax"),
    rotary: flag("attention", "rotary_embedding", false),
    qkNorm: flag("attention", "qk_norm", false),
    valueResidual: flag("attention", "value_residual", false),
    feedForwardEvery: number("", "ffn_layer_frequency", 1) || 1,
    activation: nonlin.toLowerCase().endsWith("glu") ? `${activation}-glu` : activation,
    useBias: flag("", "use_bias", false),
    qkvBias: flag("attention", "qkv_bias", false),
    residualScale: flag("", "deepnorm_scaling", false) ? (2 * layers) ** 0.25 : 1,
    sharedLayers: number("", "recurrent_layers", 0),
    layerDrop,
    predictionHead: skips ? (isLinear ? "linear" : "none") : "transform",
    tieWeights: flag("", "tie_weights", true),
    decoderBias: flag("", "decoder_bias", false),
    dropout,
    attentionDropout: number("attention", "dropout_prob", 0.1),
    init: { type: "normal", std: number("init", "std", 0.02) },
    head: headOf(),
  });

  function headOf(): Head {
    const [name] = (fields.architectures ?? []) as string[];
    const all = Object.entries(classes) as [Head["type"], (typeof classes)[Head["type"]]][];
    const type = all.find(([, [ours, theirs]]) => name === ours || (name !== undefined && name === theirs))?.[0];
    const kind = type ?? "masked-language-model";
    if (kind === "none" || kind === "masked-language-model") return { type: kind };
    const labels = number("", "num_labels");
    const headDropout = number("classification_head", "classifier_dropout", dropout);
    if (kind === "token-classification") return { type: kind, labels, dropout: headDropout };
    pick(named("Tanh"), "classification_head", "nonlin", "Tanh");
    return {
      type: labels === 1 ? "regression" : "classification",
      labels,
      width: flag("classification_head", "include_ff_layer", true) ? number("classification_head", "head_dim") : null,
      pooling: pick(poolers, "classification_head", "pooler", "avg"),
      dropout: headDropout,
    };
  }
};

/**
 * The `config.json` fields under which a model of the study's kind goes to `transformers`, with the file
 * `modeling_crammed_bert.py` beside it. They hold the study's own configuration as `arch`.
 *
 * @throws RangeError listing every field that the file has no place for
 */
export const crammedBertConfig = (config: ModelConfig, options: HuggingFaceOptions = {}): HuggingFaceConfig => {
  const { head, mixer, norm, feedForward, layers } = config;
  const residual = (2 * layers) ** 0.25;
  const problems = [
    ...([mixer].flat().every((one) => one === "self-attention") ? [] : ["mixer other than self-attention"]),
    ...(config.rotaryBase === 10000 || !config.rotary ? [] : [`rotaryBase ${config.rotaryBase}`]),
    ...("transform" in head && head.transform ? ["head.transform"] : []),
    ...(norm === "LayerNorm-unbiased" ? ["norm LayerNorm-unbiased"] : []),
    ...(typeof norm === "string" ? [] : ["norm of your own"]),
    ...(feedForward === "dense" ? [] : ["feedForward other than dense"]),
    ...(config.residualScale === 1 || Math.abs(config.residualScale - residual) < 1e-6 * residual
      ? []
      : [`residualScale ${config.residualScale}`]),
    ...(config.sharedLayers === 0 ? [] : [`sharedLayers ${config.sharedLayers}`]),
    ...(config.funnel === null ? [] : ["funnel"]),
  ];
  if (problems.length > 0)
    throw fault({
      code: "invalid-input",
      place: "crammedBertConfig",
      problem: `expected a model that its Python file can be, got ${problems.join("; ")}`,
      remedy: "export it to ONNX, which takes any model",
      type: RangeError,
    });
  const { embeddingSize, hidden } = config;
  const isGated = config.activation.endsWith("-glu");
  const base = config.activation.replace(/-glu$/, "");
  const nonlin = Object.entries(activations).find(([, ours]) => ours === base)![0];
  const hasPooler = "pooling" in head;
  const poolerOf = (pooling: string) => Object.entries(poolers).find(([, ours]) => ours === pooling)![0];
  const [name, , auto] = classes[head.type];
  const file = "modeling_crammed_bert";
  return {
    architectures: [name],
    model_type: "crammedBERT",
    // Its own class first; those of the other heads, so that the encoder can be finetuned in Python.
    auto_map: {
      AutoConfig: `${file}.CrammedBertConfig`,
      [auto]: `${file}.${name}`,
      ...Object.fromEntries(Object.values(classes).map(([other, , theirs]) => [theirs, `${file}.${other}`])),
      [auto]: `${file}.${name}`,
    },
    vocab_size: config.vocabSize,
    hidden_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: config.heads,
    max_position_embeddings: config.maxLength,
    pad_token_id: config.paddingId,
    tie_word_embeddings: false, // the file ties them itself
    torch_dtype: "float32",
    ...labelFields(config, options),
    arch: {
      architectures: ["ScriptableCrammedBERT"],
      num_transformer_layers: layers,
      hidden_size: hidden,
      intermed_size: config.intermediate,
      hidden_dropout_prob: config.dropout,
      norm,
      norm_eps: config.normEpsilon,
      norm_scheme: config.normScheme,
      nonlin: isGated ? `${nonlin}glu` : nonlin,
      tie_weights: config.tieWeights,
      decoder_bias: config.decoderBias,
      loss: "cross-entropy",
      objective_layout: "MLM",
      embedding: {
        vocab_size: config.vocabSize,
        pos_embedding: config.position,
        dropout_prob: config.dropout,
        pad_token_id: config.paddingId,
        max_seq_length: config.maxLength,
        embedding_dim: embeddingWidth(config),
        normalization: config.embeddingNorm,
        stable_low_precision: false,
        ...(config.typeVocabSize > 0 && { type_vocab_size: config.typeVocabSize }),
        ...(embeddingSize !== null && { projection_bias: config.inputProjectionBias }),
      },
      attention: {
        type: "self-attention",
        causal_attention: false,
        num_attention_heads: config.heads,
        dropout_prob: config.attentionDropout,
        skip_output_projection: false,
        qkv_bias: config.qkvBias,
        rotary_embedding: config.rotary,
        seq_op_in_fp32: false,
        sequence_op: "torch-softmax",
        ...(config.qkNorm && { qk_norm: true }),
        ...(config.valueResidual && { value_residual: true }),
      },
      init: { type: "normal", std: config.init.std },
      ffn_layer_frequency: config.feedForwardEvery,
      skip_head_transform: config.predictionHead !== "transform",
      ...(config.predictionHead === "linear" && { linear_head: true }),
      ...(config.residualScale !== 1 && { deepnorm_scaling: true }),
      ...(!config.firstNorm && { first_norm: false }),
      use_bias: config.useBias,
      final_norm: config.finalNorm,
      num_labels: "labels" in head ? head.labels : null,
      classification_head: {
        pooler: hasPooler ? poolerOf(head.pooling) : "avg",
        include_ff_layer: !hasPooler || head.width !== null,
        head_dim: (hasPooler ? head.width : null) ?? 1024,
        nonlin: "Tanh",
        classifier_dropout: "dropout" in head ? head.dropout : config.dropout,
      },
    },
  };
};
