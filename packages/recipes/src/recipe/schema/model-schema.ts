import type { ModelConfig } from "@cramkit/model";
import { z } from "zod";
import { numbers, setting } from "../setting.ts";

/** Fields of a model that a recipe takes from another place: they count nothing in it, and are not kept. */
const takenFields = ["vocabSize", "dropout", "attentionDropout"] as const;

/** An encoder of @cramkit/model; its vocabulary size comes from the tokenizer, its dropout from the training. */
export type RecipeModel = Omit<ModelConfig, (typeof takenFields)[number]>;

/** A model of a preset as a recipe holds it. */
export const recipeModel = (config: ModelConfig): RecipeModel => {
  const { vocabSize: _, dropout: __, attentionDropout: ___, ...model } = config;
  return model;
};

const withoutTaken = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const taken: readonly string[] = takenFields;
  return Object.fromEntries(Object.entries(value).filter(([field]) => !taken.includes(field)));
};

/** Bounds, and what goes with what, are checked by @cramkit/model. */
export const modelSchema = () => {
  const { positive, count } = numbers();
  const plain = ["gelu", "relu", "silu", "mish", "relu2"] as const;
  const gated = plain.map((name) => `${name}-glu` as const);
  const mixer = z.enum([
    "self-attention",
    "local-attention",
    "normalized-attention",
    "unnormalized-attention",
    "cumulative-attention",
    "cumulative-exp-attention",
    "tuformer",
    "flash",
    "fourier",
    "fourier-projected",
    "fourier-experimental",
    "none",
  ]);
  const section = "Cramming, section 4.2";
  const fields = z.strictObject({
    hidden: setting(count, "Width of the hidden states.", { unit: "features", paper: section }),
    layers: setting(z.int().min(0), "Number of layers.", { unit: "layers", paper: section }),
    heads: setting(count, "Heads of attention: a divisor of `hidden`.", {
      unit: "heads",
      paper: "Vaswani et al., arXiv 1706.03762",
    }),
    intermediate: setting(count, "Width of the feed-forward part; a gated activation halves it.", {
      unit: "features",
      paper: section,
    }),
    maxLength: setting(count, "The longest row that the model takes.", { unit: "tokens" }),
    embeddingSize: setting(
      count.nullable(),
      "Width of the word embedding if it is smaller than `hidden` (factorised); null: `hidden`.",
      { unit: "features", paper: "ALBERT, arXiv 1909.11942" },
    ),
    inputProjectionBias: setting(z.boolean(), "A bias on the matrix from `embeddingSize` to `hidden`."),
    typeVocabSize: setting(z.int().min(0), "Kinds of token types; 0: none.", {
      unit: "types",
      paper: "BERT, arXiv 1810.04805",
    }),
    paddingId: setting(
      z.int().min(0),
      "The token whose embedding starts at zero and gets no gradient from the lookup.",
      { unit: "token id" },
    ),
    position: setting(
      z.enum(["scaled-sinusoidal", "sinusoidal", "learned", "none"]),
      "How words know their places, beside `rotary`.",
      { paper: `${section}; scaled: Hua et al., arXiv 2202.10447` },
    ),
    embeddingNorm: setting(z.boolean(), "A norm on the embedding.", { paper: section }),
    norm: setting(
      z.enum(["LayerNorm", "LayerNorm-unbiased", "RMSNorm", "RMSNorm-v1", "ScaleNorm"]),
      "The norm; LayerNorm-unbiased is LayerNorm without its bias, RMSNorm-v1 is that of the first version of the study, without the root of the width.",
      {
        paper: "arXiv 1607.06450; RMSNorm: arXiv 1910.07467; ScaleNorm: arXiv 1910.05895",
      },
    ),
    normEpsilon: setting(z.number().min(0), "What is added to a variance before it divides.", { paper: section }),
    normScheme: setting(z.enum(["pre", "post", "sandwich"]), "Where the norms of a layer stand.", {
      paper: `${section}; pre: Xiong et al., arXiv 2002.04745; sandwich: Ding et al., arXiv 2105.13290`,
    }),
    finalNorm: setting(z.boolean(), "A norm after the last layer.", { paper: section }),
    firstNorm: setting(
      z.boolean().default(true),
      "Whether the first layer of a pre-norm or sandwich has a norm before its mixer; the embedding may have one already.",
    ),
    mixer: setting(
      z.union([mixer, z.array(mixer).min(1)]),
      "What mixes the words of a row: one for all layers, or one for each.",
      { paper: "FNet: arXiv 2105.03824; FLASH: arXiv 2202.10447; Tuformer: arXiv 2106.09524" },
    ),
    localAttention: setting(
      z
        .strictObject({
          reach: setting(count, "How many positions to each side a position sees, beside itself.", { unit: "tokens" }),
          rotaryBase: setting(positive, "The base of `rotary` in these layers."),
        })
        .nullable()
        .default(null),
      "What mixers `local-attention` see; null: there are none.",
      { paper: "ModernBERT, arXiv 2412.13663" },
    ),
    rotary: setting(z.boolean(), "Rotates queries and keys of attention.", { paper: "Su et al., arXiv 2104.09864" }),
    rotaryBase: setting(
      positive.default(10000),
      "The base of `rotary`: the larger, the slower the later features turn. `localAttention` has its own.",
      { paper: "Su et al., arXiv 2104.09864" },
    ),
    qkNorm: setting(
      z.boolean().default(false),
      "An RMS norm with a trained scale over each head's queries and keys, before they are rotated.",
      { paper: "Henry et al., arXiv 2010.04245" },
    ),
    valueResidual: setting(
      z.boolean().default(false),
      "Every layer but the first mixes its values with those of the first, in trained shares.",
      { paper: "after Zhou et al., arXiv 2410.17897" },
    ),
    feedForward: setting(z.enum(["dense", "none"]), "The feed-forward part of a layer."),
    feedForwardEvery: setting(
      count,
      "Only every so many-th layer has a feed-forward part, counted from 1; the others add their second norm in its place, as in the study's code.",
      {
        unit: "layers",
        paper: "Cramming, code (TrimBERT)",
      },
    ),
    activation: setting(z.enum([...plain, ...gated]), "The activation; with -glu, gated.", {
      paper: "Shazeer, arXiv 2002.05202",
    }),
    useBias: setting(z.boolean(), "Biases on the matrices of layers.", { paper: section }),
    qkvBias: setting(z.boolean(), "Biases on queries, keys and values.", { paper: section }),
    residualScale: setting(positive, "Factor on the residual before a branch is added.", {
      paper: "DeepNorm, arXiv 2203.00555: (2 layers)^0.25",
    }),
    sharedLayers: setting(z.int().min(0), "Layers with weights of their own, repeated up to `layers`; 0: all.", {
      unit: "layers",
      paper: "ALBERT, arXiv 1909.11942",
    }),
    recurrence: setting(
      z.enum(["shared", "deep-thinking"]),
      "How shared layers repeat: as they are, or with the embedding added each round, training a random part of the rounds.",
      { paper: "Bansal et al., arXiv 2202.05826" },
    ),
    layerDrop: setting(
      z.number().positive().max(1).nullable(),
      "Progressive layer drop: the share of layers that survive falls to this at the last one; null: off.",
      { unit: "share of the passes", paper: "Zhang and He, arXiv 2010.13369" },
    ),
    funnel: setting(
      z.array(count).nullable(),
      "The length of a row in each layer, for rows of `maxLength`; the first and the last are `maxLength`. null: constant.",
      { unit: "tokens", paper: "Dai et al., arXiv 2006.03236" },
    ),
    predictionHead: setting(
      z.enum(["none", "linear", "transform"]),
      "What stands before the decoder: nothing, a matrix, or a matrix with activation and norm.",
      { paper: section },
    ),
    tieWeights: setting(
      z.boolean().default(true),
      "Whether the decoder multiplies with the word embedding, or with a matrix of its own.",
      { paper: "Press and Wolf, arXiv 1608.05859" },
    ),
    decoderBias: setting(z.boolean(), "A bias on the decoder.", { paper: section }),
    init: setting(
      z.strictObject({
        type: setting(
          z.enum(["normal", "small", "megatron", "wang", "deepnorm", "agd-orthogonal"]),
          "How weights begin.",
          { paper: "Cramming, code; small: arXiv 1910.05895; megatron: arXiv 1909.08053; deepnorm: arXiv 2203.00555" },
        ),
        std: setting(
          z.number().min(0),
          "Standard deviation of embeddings of any type, and of linear weights of type `normal`.",
        ),
      }),
      "The first weights.",
    ),
    zeroOutputs: setting(
      z.boolean().default(false),
      "The last matrix of every branch starts at zero: the first model is the identity.",
      { paper: "Zhang et al., arXiv 1901.09321" },
    ),
    head: setting(
      z.looseObject({ type: setting(z.string(), "Recipes pretrain: masked-language-model.") }),
      "What stands on top of the encoder.",
    ),
  });
  // The names of fields and of their values are those of the model.
  return z.preprocess(withoutTaken, fields) as unknown as z.ZodType<RecipeModel, RecipeModel>;
};
