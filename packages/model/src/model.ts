import { fault } from "@cramkit/errors";
import { type StreamKey, streamKey } from "@cramkit/random";
import { cast, type Tensor, tidy, zerosLike } from "@tensorflow/tfjs-core";
import type { ModelConfig } from "./config.ts";
import type { EncoderInputs } from "./embedding.ts";
import { runEncoder } from "./encoder.ts";
import { runDecoder, runSequenceHead, runTokenHead } from "./heads.ts";
import type { Params } from "./init.ts";
import { tensorOperations } from "./operations/tensor-operations.ts";
import type { Scope } from "./part.ts";
import { createScope, dropoutKeyAt } from "./scope.ts";

/** int32 `inputIds [batch, seq]`; `attentionMask [batch, seq]`, 1 = attend; `tokenTypeIds [batch, seq]`, 0 if absent. */
export type Inputs = EncoderInputs<Tensor>;

/** With what a step of training draws: the same seed and step draw the same. Both are integers of 0 to 2^53 - 1. */
export interface StepSeed {
  /** Of the run. */
  seed: number;
  /** Number of the step, or of the microbatch. */
  step: number;
}

export interface ForwardOptions {
  /**
   * Train: dropout, layer drop and random depth are drawn with this seed, anew for each step.
   * @defaultValue undefined, which is to predict
   */
  dropout?: StepSeed;
  /**
   * Each position attends to those before it and to itself: for predicting the next token. With `self-attention` in every layer
   * and no funnel.
   *
   * @defaultValue false
   */
  causal?: boolean;
}

/** Ids `[batch, seq]` -> hidden `[batch, seq, hidden]`, after the final norm. Borrows its arguments. */
export const encode = (params: Params, config: ModelConfig, inputs: Inputs, options: ForwardOptions = {}): Tensor =>
  tidy(() => encodeWithin(scopeOf(params, config, inputs, options), config, inputs, options));

/** Ids `[batch, seq]` -> logits `[batch, labels]` of a classification or regression head. */
export const classify = (params: Params, config: ModelConfig, inputs: Inputs, options: ForwardOptions = {}): Tensor => {
  const { head } = config;
  if (head.type !== "classification" && head.type !== "regression") {
    throw fault({
      code: "invalid-argument",
      place: "classify",
      problem: `expected a classification or regression head, got ${head.type}`,
      remedy: "set config.head",
      type: TypeError,
    });
  }
  return tidy(() => {
    const scope = scopeOf(params, config, inputs, options);
    return runSequenceHead(encodeWithin(scope, config, inputs, options), scope, head, config);
  });
};

/** Ids `[batch, seq]` -> logits `[batch, seq, labels]` of a token classification head. */
export const classifyTokens = (
  params: Params,
  config: ModelConfig,
  inputs: Inputs,
  options: ForwardOptions = {},
): Tensor => {
  const { head } = config;
  if (head.type !== "token-classification") {
    throw fault({
      code: "invalid-argument",
      place: "classifyTokens",
      problem: `expected a token classification head, got ${head.type}`,
      remedy: "set config.head",
      type: TypeError,
    });
  }
  return tidy(() => {
    const scope = scopeOf(params, config, inputs, options);
    return runTokenHead(encodeWithin(scope, config, inputs, options), scope, head, config);
  });
};

/**
 * Logits of the masked language model for rows of `hidden` `[..., hidden]` -> `[..., vocab]`. For training use
 * {@link maskedLanguageModelLoss}, in which logits exist for the predicted rows only.
 */
export const predictTokens = (params: Params, config: ModelConfig, hidden: Tensor): Tensor =>
  tidy(() => runDecoder(hidden, createScope(tensorOperations, lookup(params)), config));

const keyOf = ({ seed, step }: StepSeed): StreamKey => streamKey(seed, "model/step", step);

/** The key of the dropout mask at a place of the model, numbered from 0 in the order in which they are met: for whoever replays a step. */
export const dropoutKey = (seed: StepSeed, place: number): StreamKey => dropoutKeyAt(keyOf(seed), place);

/** The scope in which a model of tensors runs. */
export const scopeOf = (
  params: Params,
  config: ModelConfig,
  inputs: Inputs,
  { dropout, causal = false }: ForwardOptions,
): Scope<Tensor> => {
  if (causal) checkCausal(config);
  const { attentionMask } = inputs;
  return createScope(tensorOperations, lookup(params), {
    causal,
    dropoutRate: config.dropout,
    ...(attentionMask && { mask: cast(attentionMask, "float32") }),
    ...(dropout && { key: keyOf(dropout) }),
  });
};

/** @throws RangeError if a layer would let a position see later ones all the same */
const checkCausal = (config: ModelConfig): void => {
  const other = [config.mixer].flat().find((mixer) => mixer !== "self-attention");
  if (other !== undefined || config.funnel !== null)
    throw fault({
      code: "invalid-argument",
      place: "causal",
      problem: `expected self-attention in every layer and no funnel, got ${other === undefined ? "a funnel" : `mixer ${typeof other === "function" ? "of your own" : other}`}`,
      type: RangeError,
    });
};

/** The encoder within a scope, with token types of 0 if the caller has none; of `rows` as {@link runEncoder} takes them. */
export const encodeWithin = (
  scope: Scope<Tensor>,
  config: ModelConfig,
  inputs: Inputs,
  { dropout }: ForwardOptions,
  rows?: Tensor,
): Tensor => {
  const { shape } = inputs.inputIds;
  if (shape.length !== 2 || shape[1]! > config.maxLength) {
    throw fault({
      code: "invalid-argument",
      place: "encode",
      problem: `expected inputIds [batch, seq] with seq <= maxLength ${config.maxLength}, got [${shape.join(", ")}]`,
      type: RangeError,
    });
  }
  if (
    config.funnel &&
    shape[1]! !== config.maxLength &&
    shape[1]! % (config.maxLength / Math.min(...config.funnel)) !== 0
  ) {
    throw fault({
      code: "invalid-argument",
      place: "encode",
      problem: `expected a sequence that the funnel divides, got ${shape[1]}`,
      remedy: `pad it to ${config.maxLength}`,
      type: RangeError,
    });
  }
  const typed =
    config.typeVocabSize > 0 && !inputs.tokenTypeIds ? { ...inputs, tokenTypeIds: zerosLike(inputs.inputIds) } : inputs;
  return runEncoder(typed, scope, config, dropout && keyOf(dropout), rows);
};

const lookup =
  (params: Params): ((name: string) => Tensor) =>
  (name) => {
    const tensor = params[name];
    if (!tensor)
      throw fault({
        code: "invalid-argument",
        problem: `expected a parameter ${name}, got none`,
        remedy: "pass the configuration that these parameters were made with",
        type: RangeError,
      });
    return tensor;
  };
