import { fault } from "@cramkit/errors";
import type { Head, ModelConfig } from "./config.ts";
import { checkConfig } from "./validate.ts";

const maskedLanguageModel: Head = { type: "masked-language-model" };

/** The final recipe of the study (v2): pre-norm, GELU with a gate, no biases, scaled sinusoidal positions, tied decoder. */
const crammedBert: ModelConfig = {
  vocabSize: 32768,
  hidden: 768,
  layers: 16,
  heads: 12,
  intermediate: 3072,
  maxLength: 128,
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
  firstNorm: true,
  mixer: "self-attention",
  localAttention: null,
  rotary: false,
  rotaryBase: 10000,
  qkNorm: false,
  valueResidual: false,
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
  tieWeights: true,
  decoderBias: false,
  dropout: 0,
  attentionDropout: 0,
  init: { type: "normal", std: 0.02 },
  zeroOutputs: false,
  head: maskedLanguageModel,
};

/** The architectures of the study that {@link preset} knows. */
export const presetNames = [
  "crammed-bert",
  "crammed-bert-v1",
  "crammed-bert-simple",
  "izsak-large",
  "bamboo",
  "bert-original",
  "bert-base",
  "bert-c2",
  "bert-c3",
  "bert-c4",
  "bert-c5",
  "bert-i4",
  "bert-tiny",
  "hf-bert-base",
  "hf-bert-tiny",
  "fnet",
  "fnet-hybrid",
  "flash",
  "funnel",
  "recurrent",
  "sanitycheck",
] as const;

export type PresetName = (typeof presetNames)[number];

/** How each architecture of the study's table differs from crammed-bert (v2). */
const studyDifferences = (): Record<PresetName, Partial<ModelConfig>> => {
  /** Biases everywhere, learned positions, plain GELU, head transform: what the original BERT has. */
  const bertLike = {
    layers: 12,
    activation: "gelu",
    position: "learned",
    useBias: true,
    qkvBias: true,
    decoderBias: true,
    predictionHead: "transform",
    finalNorm: false,
  } satisfies Partial<ModelConfig>;

  const postNorm = { ...bertLike, normScheme: "post" } satisfies Partial<ModelConfig>;
  const izsakLarge = { ...bertLike, layers: 24, hidden: 1024, heads: 16, intermediate: 4096, normEpsilon: 1e-6 };
  const huggingFace = {
    ...postNorm,
    maxLength: 512,
    typeVocabSize: 2,
    vocabSize: 30522,
  } satisfies Partial<ModelConfig>;
  /** The code of v1 kept a matrix even if the head transform was skipped. */
  const v1 = { predictionHead: "linear" } satisfies Partial<ModelConfig>;
  const c2 = {
    ...bertLike,
    normEpsilon: 1e-6,
    position: "scaled-sinusoidal",
    rotary: true,
  } satisfies Partial<ModelConfig>;
  /** The study's ablations are c5 with another mixer; the projection after it stays. */
  const fourier = "fourier-projected";

  return {
    "crammed-bert": {},
    "crammed-bert-v1": v1,
    "crammed-bert-simple": bertLike,
    "izsak-large": izsakLarge,
    bamboo: { layers: 48, hidden: 384, heads: 6, intermediate: 1536 },
    "bert-original": { ...postNorm, maxLength: 512 },
    "bert-base": { ...postNorm, normEpsilon: 1e-6 },
    "bert-c2": c2,
    "bert-c3": { ...c2, ...v1, decoderBias: false },
    "bert-c4": { ...v1, layers: 12, heads: 4, rotary: true },
    "bert-c5": v1,
    "bert-i4": { ...v1, layers: 8, hidden: 1088, heads: 8, intermediate: 4352, activation: "gelu", rotary: true },
    "bert-tiny": {
      ...postNorm,
      layers: 4,
      hidden: 384,
      intermediate: 1024,
      normEpsilon: 1e-6,
      embeddingSize: 96,
      inputProjectionBias: true,
      init: { type: "small", std: Math.sqrt(2 / (5 * 384)) },
    },
    "hf-bert-base": huggingFace,
    "hf-bert-tiny": { ...huggingFace, layers: 2, hidden: 128, heads: 2, intermediate: 512 },
    fnet: { ...v1, mixer: fourier },
    // Its configurations name no layers of a hybrid: the last two attend, as in FNet's paper.
    "fnet-hybrid": { ...v1, mixer: Array.from({ length: 16 }, (_, i) => (i < 14 ? fourier : "self-attention")) },
    flash: { ...v1, mixer: "flash" },
    funnel: { ...c2, layers: 9, funnel: [128, 128, 64, 64, 32, 64, 64, 128, 128] },
    // An embedding and one matrix: what a run without any layer comes to.
    sanitycheck: {
      ...v1,
      layers: 0,
      hidden: 1024,
      heads: 16,
      position: "none",
      embeddingNorm: false,
      finalNorm: false,
    },
    recurrent: { ...c2, layers: 24, sharedLayers: 2, recurrence: "deep-thinking" },
  };
};

/**
 * An architecture of the study by name, with fields of your own over it.
 *
 * @throws RangeError for a name that is not one, or a configuration that cannot work
 */
export const preset = (name: PresetName, fields: Partial<ModelConfig> = {}): ModelConfig => {
  if (!presetNames.includes(name)) {
    throw fault({
      code: "invalid-argument",
      place: "preset",
      problem: `expected one of ${presetNames.join(", ")}, got ${String(name)}`,
      type: RangeError,
    });
  }
  return modelConfig({ ...studyDifferences()[name], ...fields });
};

/**
 * A configuration that differs from crammed-bert (v2) in the given fields.
 *
 * @throws RangeError naming every field that cannot work
 */
export const modelConfig = (fields: Partial<ModelConfig> = {}): ModelConfig => {
  const unknown = Object.keys(fields).filter((field) => !Object.hasOwn(crammedBert, field));
  if (unknown.length > 0) {
    throw fault({
      code: "invalid-argument",
      place: "modelConfig",
      problem: `expected fields ${Object.keys(crammedBert).join(", ")}, got ${unknown.join(", ")}`,
      type: RangeError,
    });
  }
  const config = { ...crammedBert, ...fields };
  checkConfig(config);
  return config;
};
