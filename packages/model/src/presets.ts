import type { Head, ModelConfig } from "./config.ts";

const maskedLanguageModel: Head = { type: "masked-language-model" };

/** The final recipe of the study (v2): pre-norm, GELU with a gate, no biases, scaled sinusoidal positions, tied decoder. */
const crammedBert: ModelConfig = {
  vocabSize: 32768,
  hidden: 768,
  layers: 16,
  heads: 12,
  intermediate: 3072,
  maxSeq: 128,
  embeddingSize: null,
  inputProjectionBias: false,
  typeVocabSize: 0,
  paddingId: 0,
  position: "scaled-sinusoidal",
  embeddingNorm: true,
  norm: "LayerNorm",
  normEpsilon: 1e-12,
  normScheme: "pre",
  finalNorm: true,
  mixer: "self-attention",
  rotary: false,
  feedForward: "dense",
  feedForwardEvery: 1,
  activation: "gelu-glu",
  useBias: false,
  qkvBias: false,
  residualScale: 1,
  sharedLayers: 0,
  recurrence: "shared",
  layerDrop: null,
  funnel: null,
  predictionHead: "none",
  decoderBias: false,
  dropout: 0,
  attentionDropout: 0,
  init: { type: "normal", std: 0.02 },
  head: maskedLanguageModel,
};

/** A configuration that differs from crammed-bert in the given fields. */
export function modelConfig(fields: Partial<ModelConfig> = {}): ModelConfig {
  return { ...crammedBert, ...fields };
}
