import { decoderWidth, type ModelConfig } from "./config.ts";
import { runEncoder } from "./encoder.ts";
import { decoderOf, runPredictionHead, runSequenceHead, runTokenHead } from "./heads.ts";
import { countingOperations, type Tally } from "./operations/shape-operations.ts";
import { parameterTable } from "./parameters.ts";
import { createScope } from "./scope.ts";

/** Floating-point operations of one sequence's matrix products, where a multiply and an add are 2. */
export interface Flops {
  forward: number;
  backward: number;
  /** Of one token, forward and backward. */
  perToken: number;
}

export interface FlopOptions {
  /** Share of the positions that a masked language model predicts; only they pass its head and what follows the last attention. @defaultValue `0.25` */
  predictedShare?: number;
}

/**
 * Operations of a training step on sequences of `seqLength`, by walking through the model without computing it. A deep-thinking
 * recurrence counts with all its rounds, layer drop as if no layer were dropped.
 */
export const countFlops = (
  config: ModelConfig,
  seqLength: number,
  { predictedShare = 0.25 }: FlopOptions = {},
): Flops => {
  const { forwardFlops, backwardFlops } = walk(config, 1, seqLength, Math.round(predictedShare * seqLength));
  return { forward: forwardFlops, backward: backwardFlops, perToken: (forwardFlops + backwardFlops) / seqLength };
};

export interface MemoryOptions extends FlopOptions {
  /** Whether batches come with an attention mask. @defaultValue `false` */
  masked?: boolean;
}

/**
 * Bytes that the forward pass of a microbatch keeps for its gradient, in float32, parameters apart: what each fused
 * operation saves, counted once if two save the same. Random depth counts as in {@link countFlops}.
 */
export const activationBytes = (
  config: ModelConfig,
  batchSize: number,
  seqLength: number,
  { predictedShare = 0.25, masked = false }: MemoryOptions = {},
): number => walk(config, batchSize, seqLength, Math.round(predictedShare * batchSize * seqLength), masked).savedBytes;

const walk = (config: ModelConfig, batch: number, seq: number, predicted: number, masked = false): Tally => {
  const { ops, tally, make } = countingOperations();
  const table = parameterTable(config);
  const values = new Map(Object.entries(table).map(([name, { shape }]) => [name, make(shape, true)]));
  const mask = masked ? make([batch, seq]) : undefined;
  const scope = createScope(ops, (name) => values.get(name)!, mask ? { mask } : {});
  const ids = make([batch, seq]);
  const { head } = config;
  const rows = head.type === "masked-language-model" ? make([predicted]) : undefined;
  const hidden = runEncoder({ inputIds: ids, tokenTypeIds: make([batch, seq]) }, scope, config, undefined, rows);
  if (head.type === "masked-language-model") {
    const transformed = runPredictionHead(hidden, scope, config);
    // The loss keeps the gradients of what it gets instead of its inputs.
    tally.savedBytes += 4 * (predicted * transformed.shape[1]! + lossWeights(config));
    const kept = tally.savedBytes;
    ops.linear(transformed, decoderOf(scope, config).weight);
    tally.savedBytes = kept;
  } else if (head.type === "token-classification") runTokenHead(hidden, scope, head, config);
  else if (head.type !== "none") runSequenceHead(hidden, scope, head, config);
  return tally;
};

/** Elements of the gradients of the decoder's weight and bias. */
const lossWeights = (config: ModelConfig): number =>
  config.vocabSize * (decoderWidth(config) + (config.decoderBias ? 1 : 0));
