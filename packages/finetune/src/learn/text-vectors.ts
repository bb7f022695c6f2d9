import { encode, type ForwardOptions, type Inputs, type ModelConfig, type Params } from "@cramkit/model";
import { add, div, expandDims, matMul, mul, reshape, slice, sqrt, sum, type Tensor, tidy } from "@tensorflow/tfjs-core";

export type Pooling = "first" | "mean";

/**
 * Hidden states `[rows, seq, hidden]` -> vectors `[rows, hidden]` of length 1: the mean over the tokens, padding left out, or
 * the first token, as Sentence-BERT pools (arXiv 1908.10084).
 *
 * @param mask `[rows, seq]`, 1 at tokens
 */
export const pooledVectors = (hidden: Tensor, mask: Tensor, pooling: Pooling): Tensor =>
  tidy(() => {
    const [rows, , width] = hidden.shape as [number, number, number];
    const pooled =
      pooling === "first"
        ? reshape(slice(hidden, [0, 0, 0], [rows, 1, width]), [rows, width])
        : div(reshape(matMul(expandDims(mask, 1), hidden), [rows, width]), sum(mask, 1, true));
    // The least addend keeps the gradient of a vector of zeros finite.
    return div(pooled, sqrt(add(sum(mul(pooled, pooled), 1, true), 1e-24)));
  });

/** Ids `[rows, seq]` -> vectors `[rows, hidden]` of length 1, through the encoder alone. Borrows its arguments. */
export const encodeTexts = (
  params: Params,
  config: ModelConfig,
  inputs: Inputs,
  pooling: Pooling,
  options: ForwardOptions = {},
): Tensor => tidy(() => pooledVectors(encode(params, config, inputs, options), inputs.attentionMask!, pooling));
