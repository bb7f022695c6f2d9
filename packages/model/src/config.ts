import type { Activation } from "./operations/operations.ts";
import type { Part } from "./part.ts";

export const positions = ["scaled-sinusoidal", "sinusoidal", "learned", "none"] as const;
export const normSchemes = ["pre", "post", "sandwich"] as const;
export const predictionHeads = ["none", "linear", "transform"] as const;
export const initializations = ["normal", "small", "megatron", "wang", "deepnorm", "agd-orthogonal"] as const;
export const poolings = ["first", "mean", "max", "logsumexp"] as const;
export const recurrences = ["shared", "deep-thinking"] as const;

/** Where a part stands. */
export interface Place {
  /** From 0. */
  layer: number;
  /** Size of its input's last axis. */
  width: number;
}

/** Makes a part for its place; anything of this type may replace a built-in one in a configuration. */
export type PartFactory = (config: ModelConfig, place: Place) => Part;

export type MixerName =
  | "self-attention"
  | "local-attention"
  | "normalized-attention"
  | "unnormalized-attention"
  | "cumulative-attention"
  | "cumulative-exp-attention"
  | "tuformer"
  | "flash"
  | "fourier"
  | "fourier-projected"
  | "fourier-experimental"
  | "none";
export type FeedForwardName = "dense" | "none";
/**
 * `LayerNorm-unbiased` has a weight and no bias; `RMSNorm-v1` is that of the first version of the study, which leaves the width
 * out.
 */
export type NormName = "LayerNorm" | "LayerNorm-unbiased" | "RMSNorm" | "RMSNorm-v1" | "ScaleNorm";

/** Attention to neighbours alone (Longformer, arXiv 2004.05150; ModernBERT, arXiv 2412.13663). */
export interface LocalAttention {
  /** How many positions to each side a position sees, beside itself. */
  reach: number;
  /** Of `rotary`. */
  rotaryBase: number;
}

/** What stands on top of the encoder. */
export type Head =
  | { type: "none" }
  | { type: "masked-language-model" }
  | {
      /** `pooler.dense` to `width`, tanh, dropout, `head` to `labels`; regression has one label and squared error. */
      type: "classification" | "regression";
      labels: number;
      /** null: no `pooler.dense`. */
      width: number | null;
      pooling: (typeof poolings)[number];
      dropout: number;
      /**
       * Whether the prediction head stands in place of `pooler.dense` and tanh, as in ModernBERT; `width` is then null.
       * @defaultValue `false`
       */
      transform?: boolean;
    }
  | {
      type: "token-classification";
      labels: number;
      dropout: number;
      /**
       * Whether the prediction head stands below `head`, as in ModernBERT.
       * @defaultValue `false`
       */
      transform?: boolean;
    };

/** One model. Plain JSON unless a mixer, feed-forward or norm of your own is passed in. */
export interface ModelConfig {
  vocabSize: number;
  hidden: number;
  layers: number;
  heads: number;
  /** Rows of `ffn.dense_in`; a gated activation halves it before `ffn.dense_out`. */
  intermediate: number;
  /** The longest sequence. */
  maxLength: number;
  /** Smaller than `hidden`: a factorised embedding (ALBERT); null: `hidden`. */
  embeddingSize: number | null;
  /** Of the matrix from `embeddingSize` to `hidden`. */
  inputProjectionBias: boolean;
  /** Kinds of token types; 0: none. */
  typeVocabSize: number;
  /** Its embedding starts at zero and gets no gradient from the lookup. */
  paddingId: number;
  position: (typeof positions)[number];
  embeddingNorm: boolean;

  norm: NormName | PartFactory;
  normEpsilon: number;
  normScheme: (typeof normSchemes)[number];
  finalNorm: boolean;
  /** Whether the first layer of a pre-norm or sandwich has a norm before its mixer; the embedding may have one already. */
  firstNorm: boolean;
  /** One for all layers, or one for each. */
  mixer: MixerName | PartFactory | readonly (MixerName | PartFactory)[];
  /** Of mixers `local-attention`; null: there are none. */
  localAttention: LocalAttention | null;
  /** Rotate queries and keys of attention (halves of the head). */
  rotary: boolean;
  /** Of `rotary`: 10000 in RoFormer; `local-attention` has a base of its own. */
  rotaryBase: number;
  /** RMS norm with a trained scale over each head's queries and keys, before they are rotated (Henry et al., arXiv 2010.04245). */
  qkNorm: boolean;
  /**
   * Every layer but the first mixes its values with those of the first, in trained shares that start at a half each
   * (after Zhou et al., arXiv 2410.17897).
   */
  valueResidual: boolean;
  feedForward: FeedForwardName | PartFactory;
  /** Only every k-th layer, counted from 1, has a feed-forward part; the others add their second norm in its place. */
  feedForwardEvery: number;
  /** `gelu-glu` is f(g) u with [u, g] = dense_in(x). */
  activation: Activation | `${Activation}-glu`;
  useBias: boolean;
  qkvBias: boolean;
  /** Factor on the residual before a branch is added; DeepNorm: (2 layers)^0.25. */
  residualScale: number;

  /** Layers with weights of their own, which are repeated up to `layers`; 0: all. */
  sharedLayers: number;
  /** `shared` repeats the block as it is; `deep-thinking` adds the embedding to each round and trains on a random part of them. */
  recurrence: (typeof recurrences)[number];
  /** Progressive layer drop: the share of layers' survival falls to this at the last one; null: off. */
  layerDrop: number | null;
  /** The sequence length in each layer, as for an input of `maxLength`; the first and last are `maxLength`. null: constant. */
  funnel: readonly number[] | null;

  /** `transform`: dense, activation without gate, norm; `linear`: one matrix (crammed-bert v1). */
  predictionHead: (typeof predictionHeads)[number];
  /** The decoder multiplies with the word embedding; else with a matrix of its own, `decoder.weight`. */
  tieWeights: boolean;
  decoderBias: boolean;
  /** Of hidden values, while training with a seed. */
  dropout: number;
  attentionDropout: number;
  /** `std` is that of embeddings, of any type, and of linear weights of type `normal`. */
  init: { type: (typeof initializations)[number]; std: number };
  /** The last matrix of every branch, `attn.dense` and `ffn.dense_out`, starts at zero: the first model is the identity. */
  zeroOutputs: boolean;
  head: Head;
}

/** Mixers without queries and keys of heads: nothing to rotate, to norm or to take values from. */
export const headless: readonly MixerName[] = ["flash", "fourier", "fourier-projected", "fourier-experimental", "none"];

/** The width of embeddings before `encoder.input_projection`. */
export const embeddingWidth = ({ embeddingSize, hidden }: ModelConfig): number => embeddingSize ?? hidden;

/** The width of the rows that the decoder multiplies. */
export const decoderWidth = (config: ModelConfig): number =>
  config.predictionHead === "none" ? config.hidden : embeddingWidth(config);

/** The function and whether it gates: `gelu-glu` -> gelu, true. */
export const splitActivation = (activation: ModelConfig["activation"]): { fn: Activation; gated: boolean } => {
  const gated = activation.endsWith("-glu");
  return { fn: (gated ? activation.slice(0, -4) : activation) as Activation, gated };
};

/** The mixer of one layer. */
export const mixerAt = ({ mixer }: ModelConfig, layer: number): MixerName | PartFactory =>
  typeof mixer === "string" || typeof mixer === "function" ? mixer : mixer[layer]!;

/** Layers with weights of their own. */
export const ownLayers = ({ layers, sharedLayers }: ModelConfig): number => (sharedLayers > 0 ? sharedLayers : layers);
