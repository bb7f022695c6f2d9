import { fault } from "@cramkit/errors";
import { type ClassScores, scoresOfCounts } from "./class-scores.ts";
import { sameLength } from "./confusion-matrix.ts";

/** Scores of rows that carry several labels at once. */
export interface LabelScores extends ClassScores {
  /** The share of rows whose labels are all right. */
  readonly subsetAccuracy: number;
}

/**
 * Scores of rows with any number of labels each, as `f1_score` of scikit-learn has them for an indicator matrix: one entry of
 * `classes` a label.
 *
 * @param targets label numbers of each row
 * @param predictions label numbers of each row
 */
export const labelScores = (
  targets: readonly (readonly number[])[],
  predictions: readonly (readonly number[])[],
  labels: number,
): LabelScores => {
  sameLength("labelScores", targets, predictions);
  const counts = Array.from({ length: labels }, () => ({ truePositives: 0, falsePositives: 0, falseNegatives: 0 }));
  let right = 0;
  for (const [row, target] of targets.entries()) {
    const [wanted, got] = [new Set(target), new Set(predictions[row]!)];
    for (const label of [...wanted, ...got]) {
      if (!(Number.isInteger(label) && label >= 0 && label < labels))
        throw fault({
          code: "invalid-argument",
          place: "labelScores",
          problem: `expected a label number from 0 to ${labels - 1} in row ${row}, got ${label}`,
          type: RangeError,
        });
    }
    let same = true;
    for (const [label, count] of counts.entries()) {
      if (wanted.has(label) && got.has(label)) count.truePositives++;
      else if (got.has(label)) count.falsePositives++;
      else if (wanted.has(label)) count.falseNegatives++;
      if (wanted.has(label) !== got.has(label)) same = false;
    }
    if (same) right++;
  }
  return { ...scoresOfCounts(counts), subsetAccuracy: targets.length === 0 ? 0 : right / targets.length };
};
