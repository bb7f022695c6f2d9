import { decoderWidth, embeddingWidth, type Head, type ModelConfig, splitActivation } from "./config.ts";
import { type ParameterTable, parametersOf, type Scope } from "./part.ts";
import { linearParameters, runLinear } from "./parts/linear.ts";
import { makeNorm } from "./parts/norms.ts";

/** The parameters on top of the encoder; the weight of a tied decoder is that of the word embedding. */
export const headParameters = (config: ModelConfig): ParameterTable => {
  const { hidden, head } = config;
  switch (head.type) {
    case "none":
      return {};
    case "masked-language-model":
      return {
        ...predictionParameters(config),
        ...decoderParameters(config),
      };
    case "token-classification":
      return {
        ...(head.transform && predictionParameters(config)),
        ...linearParameters("head", hidden, head.labels, true),
      };
    default:
      return {
        ...(head.transform && predictionParameters(config)),
        ...(head.width !== null && linearParameters("pooler.dense", hidden, head.width, true)),
        ...linearParameters("head", head.width ?? hidden, head.labels, true),
      };
  }
};

const predictionParameters = (config: ModelConfig): ParameterTable => {
  const width = embeddingWidth(config);
  if (config.predictionHead === "none") return {};
  if (config.predictionHead === "linear")
    return linearParameters("prediction_head", config.hidden, width, config.useBias);
  return {
    ...linearParameters("prediction_head.dense", config.hidden, width, config.useBias),
    ...parametersOf({ "prediction_head.norm": makeNorm(config, { layer: config.layers, width }) }),
  };
};

const decoderParameters = (config: ModelConfig): ParameterTable => {
  const { vocabSize, tieWeights, decoderBias } = config;
  return {
    ...(!tieWeights && { "decoder.weight": { shape: [vocabSize, decoderWidth(config)], init: { type: "linear" } } }),
    ...(decoderBias && { "decoder.bias": { shape: [vocabSize], init: { type: "constant", value: 0 } } }),
  };
};

/** `weight [vocab, width]` and `bias [vocab]` of the decoder. */
export const decoderOf = <Value>(
  scope: Scope<Value>,
  config: ModelConfig,
): { weight: Value; bias: Value | undefined } => ({
  weight: scope.param(config.tieWeights ? "encoder.embedding.word_embedding.weight" : "decoder.weight"),
  bias: config.decoderBias ? scope.param("decoder.bias") : undefined,
});

/** What the decoder multiplies: rows `[rows, hidden]` -> `[rows, width]`. */
export const runPredictionHead = <Value>(rows: Value, scope: Scope<Value>, config: ModelConfig): Value => {
  const { layers, predictionHead, useBias } = config;
  if (predictionHead === "none") return rows;
  if (predictionHead === "linear") return runLinear(rows, scope, "prediction_head", useBias);
  const width = embeddingWidth(config);
  const dense = runLinear(rows, scope, "prediction_head.dense", useBias);
  const activated = scope.ops.activate(dense, splitActivation(config.activation).fn);
  return makeNorm(config, { layer: layers, width }).run(activated, scope.within("prediction_head.norm"));
};

/** `[..., hidden]` -> logits `[..., vocab]` */
export const runDecoder = <Value>(rows: Value, scope: Scope<Value>, config: ModelConfig): Value => {
  const { weight, bias } = decoderOf(scope, config);
  return scope.ops.linear(runPredictionHead(rows, scope, config), weight, bias);
};

type SequenceHead = Extract<Head, { type: "classification" | "regression" }>;

/**
 * head(dropout(tanh(pooler(pool(hidden))))), the pooler if the head has one, or with a transform
 * head(dropout(prediction_head(pool(hidden)))): `[batch, seq, hidden]` -> `[batch, labels]`
 */
export const runSequenceHead = <Value>(
  hidden: Value,
  scope: Scope<Value>,
  head: SequenceHead,
  config: ModelConfig,
): Value => {
  const { ops } = scope;
  const pooled = pool(hidden, scope, head.pooling);
  const below = () => ops.apply(head.width === null ? pooled : runLinear(pooled, scope, "pooler.dense", true), "tanh");
  return runLabels(head.transform ? runPredictionHead(pooled, scope, config) : below(), scope, head);
};

/** `[batch, seq, hidden]` -> `[batch, seq, labels]` */
export const runTokenHead = <Value>(
  hidden: Value,
  scope: Scope<Value>,
  head: Extract<Head, { type: "token-classification" }>,
  config: ModelConfig,
): Value => runLabels(head.transform ? runPredictionHead(hidden, scope, config) : hidden, scope, head);

const runLabels = <Value>(x: Value, scope: Scope<Value>, { dropout }: { dropout: number }): Value => {
  const options = scope.dropoutAt(dropout);
  return runLinear(options ? scope.ops.dropout(x, options) : x, scope, "head", true);
};

/**
 * `[batch, seq, hidden]` -> `[batch, hidden]`; positions that are masked take no part. A row that is padding only, as a last
 * batch that is not full has it, has a mean of zeros, so that it makes no NaN.
 */
const pool = <Value>(hidden: Value, { ops, mask }: Scope<Value>, pooling: SequenceHead["pooling"]): Value => {
  if (pooling === "first") return ops.firstPosition(hidden);
  if (pooling === "mean") {
    if (mask === undefined) return ops.reduce(hidden, "mean", [1]);
    const sums = ops.matMul(ops.reshape(mask, [0, 1, -1]), hidden); // [batch, 1, hidden]
    return ops.div(ops.reshape(sums, [0, -1]), ops.atLeast(ops.reduce(mask, "sum", [1], true), 1));
  }
  const bounded = mask === undefined ? hidden : ops.add(hidden, ops.scale(ops.reshape(mask, [0, -1, 1]), 1e9, -1e9));
  return ops.reduce(bounded, pooling === "max" ? "max" : "logSumExp", [1]);
};
