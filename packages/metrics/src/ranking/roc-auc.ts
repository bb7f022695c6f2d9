import { fault } from "@cramkit/errors";
import { sameLength } from "../classes/confusion-matrix.ts";

/**
 * Area under the ROC curve: the share of pairs of a positive and a negative row in which the positive one has the larger score,
 * equal scores counting a half (Mann-Whitney U). NaN if a side is missing, as nothing can be said then.
 *
 * @param targets 1 (or true) and 0
 */
export const rocAuc = (targets: ArrayLike<number | boolean>, scores: ArrayLike<number>): number => {
  sameLength("rocAuc", targets, scores);
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  let [positives, ranks] = [0, 0];
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    if (Number.isNaN(scores[order[start]!]!))
      throw fault({
        code: "not-finite",
        place: "rocAuc",
        problem: `expected a number as score ${order[start]}, got NaN`,
        type: RangeError,
      });
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) end++;
    for (let i = start; i < end; i++) {
      if (!targets[order[i]!]) continue;
      positives++;
      ranks += (start + end + 1) / 2;
    }
    start = end;
  }
  const negatives = order.length - positives;
  return (ranks - (positives * (positives + 1)) / 2) / (positives * negatives);
};

/**
 * The mean over the classes of the area of each class against the rest, as `roc_auc_score(multi_class="ovr")` of scikit-learn.
 * Classes that no row has take no part; NaN if fewer than two occur.
 *
 * @param targets class numbers `[rows]`
 * @param probabilities `[rows * classes]`
 */
export const rocAucOfClasses = (
  targets: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  classes: number,
): number => {
  const areas: number[] = [];
  for (let k = 0; k < classes; k++) {
    const area = rocAuc(
      Array.from(targets, (target) => target === k),
      Float64Array.from(targets, (_, row) => probabilities[row * classes + k]!),
    );
    if (!Number.isNaN(area)) areas.push(area);
  }
  return areas.length === 0 ? Number.NaN : areas.reduce((sum, area) => sum + area, 0) / areas.length;
};
