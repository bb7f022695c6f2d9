import { checkOptions, fault } from "@cramkit/errors";
import { checkCount, checkShare } from "./check.ts";
import type { Progress } from "./types.ts";

export interface SequenceCurriculumOptions {
  /**
   * Row lengths in tokens, in the order of their use.
   * @defaultValue `[8, 16, 32, 64, 128]`
   */
  lengths?: readonly number[];
  /**
   * The fraction of the budget from which on each of them holds; the first one holds from the start anyway.
   * @defaultValue `[0.1, 0.2, 0.3, 0.5, 0.75]`
   */
  fractions?: readonly number[];
}

/**
 * The row length to train on. Rows that were packed longer are unfolded into more and shorter ones (`[batch, seq]` is
 * then read as `[batch * seq / length, length]`, with flat positions unchanged) or truncated, by whoever makes the batch.
 */
export const sequenceCurriculum = (
  options: SequenceCurriculumOptions = {},
): ((progress: Pick<Progress, "fraction">) => number) => {
  checkOptions("sequenceCurriculum", options, { lengths: true, fractions: true });
  const { lengths = [8, 16, 32, 64, 128], fractions = [0.1, 0.2, 0.3, 0.5, 0.75] } = options;
  if (lengths.length === 0 || lengths.length !== fractions.length) {
    throw fault({
      code: "invalid-argument",
      place: "sequenceCurriculum",
      problem: `expected as many fractions as lengths and at least one, got ${fractions.length} for ${lengths.length}`,
      type: RangeError,
    });
  }
  for (const length of lengths) checkCount("sequenceCurriculum", "lengths", length);
  for (const fraction of fractions) checkShare("sequenceCurriculum", "fractions", fraction);
  if (fractions.some((fraction, i) => i > 0 && fraction <= fractions[i - 1]!)) {
    throw fault({
      code: "invalid-argument",
      place: "sequenceCurriculum",
      problem: `expected fractions that rise, got ${fractions.join(", ")}`,
      type: RangeError,
    });
  }
  return ({ fraction }) =>
    lengths[
      Math.max(
        0,
        fractions.findLastIndex((from) => fraction >= from),
      )
    ]!;
};
