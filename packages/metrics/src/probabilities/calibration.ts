import { checkOptions, fault } from "@cramkit/errors";
import { sameLength } from "../classes/confusion-matrix.ts";

/** Predictions whose confidence is above `from` and not above `to`. */
export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** The mean confidence, NaN in an empty bin. */
  readonly confidence: number;
  /** The share that is right, NaN in an empty bin. */
  readonly accuracy: number;
}

export interface Calibration {
  readonly bins: readonly CalibrationBin[];
  /** Expected calibration error: the mean of |accuracy - confidence|, weighted by the count of each bin; 0 without rows. */
  readonly error: number;
}

export interface CalibrationOptions {
  /**
   * Of equal width, `(from, to]`; 0 falls into the first.
   * @defaultValue `15`
   */
  bins?: number;
}

/**
 * Whether a model knows how sure it may be (Guo et al., arXiv 1706.04599, equation 3): of what it says with 80 %, is 80 % right?
 *
 * @param confidences of the predicted class, 0 to 1
 * @param right whether each prediction is the target
 */
export const calibration = (
  confidences: ArrayLike<number>,
  right: ArrayLike<boolean | number>,
  options: CalibrationOptions = {},
): Calibration => {
  checkOptions("calibration", options, { bins: true });
  const { bins = 15 } = options;
  sameLength("calibration", confidences, right);
  const sums = Array.from({ length: bins }, () => ({ count: 0, confidence: 0, right: 0 }));
  for (let i = 0; i < confidences.length; i++) {
    const confidence = confidences[i]!;
    if (!(confidence >= 0 && confidence <= 1))
      throw fault({
        code: "invalid-argument",
        place: "calibration",
        problem: `expected confidences from 0 to 1, got ${confidence} in row ${i}`,
        type: RangeError,
      });
    const bin = sums[Math.max(0, Math.ceil(confidence * bins) - 1)]!;
    bin.count++;
    bin.confidence += confidence;
    if (right[i]) bin.right++;
  }
  const error = sums.reduce((sum, bin) => sum + Math.abs(bin.right - bin.confidence), 0);
  return {
    bins: sums.map(({ count, confidence, right }, i) => ({
      from: i / bins,
      to: (i + 1) / bins,
      count,
      confidence: confidence / count,
      accuracy: right / count,
    })),
    error: confidences.length === 0 ? 0 : error / confidences.length,
  };
};
