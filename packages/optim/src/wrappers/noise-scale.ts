import { fault } from "@cramkit/errors";

export interface NoiseScaleInput {
  /** The mean of the squared norms of gradients over `smallBatch` examples each. */
  smallSquared: number;
  /** The squared norm of a gradient over `bigBatch` examples. */
  bigSquared: number;
  smallBatch: number;
  bigBatch: number;
}

export interface NoiseScale {
  /** Estimate of the squared norm of the true gradient. */
  gradient: number;
  /** Estimate of the trace of the covariance of single examples' gradients. */
  noise: number;
  /** `noise / gradient`: the batch size, in examples, from which on larger batches pay less. NaN if the estimates are useless. */
  batchSize: number;
}

/**
 * The simple gradient noise scale (McCandlish et al., arXiv 1812.06162, appendix A). Single estimates are noisy: average
 * `gradient` and `noise` over many steps, each on its own, before you divide.
 */
export const gradientNoiseScale = ({ smallSquared, bigSquared, smallBatch, bigBatch }: NoiseScaleInput): NoiseScale => {
  if (!(smallBatch > 0 && bigBatch > smallBatch)) {
    throw fault({
      code: "invalid-argument",
      place: "gradientNoiseScale",
      problem: `expected 0 < smallBatch < bigBatch, got ${smallBatch} and ${bigBatch}`,
      remedy: "accumulate at least two microbatches",
      type: RangeError,
    });
  }
  const gradient = (bigBatch * bigSquared - smallBatch * smallSquared) / (bigBatch - smallBatch);
  const noise = (smallSquared - bigSquared) / (1 / smallBatch - 1 / bigBatch);
  return { gradient, noise, batchSize: gradient > 0 && noise >= 0 ? noise / gradient : Number.NaN };
};
