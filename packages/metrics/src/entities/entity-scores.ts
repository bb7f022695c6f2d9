import { fault } from "@cramkit/errors";
import { type ClassScore, scoresOfCounts } from "../classes/class-scores.ts";
import { sameLength } from "../classes/confusion-matrix.ts";
import { entitiesOf } from "./entities-of.ts";

/** Scores over whole entities: one is right if its type, its start and its end are. */
export interface EntityScores {
  readonly micro: ClassScore;
  readonly macro: ClassScore;
  readonly weighted: ClassScore;
  readonly types: Readonly<Record<string, ClassScore>>;
}

/**
 * Precision, recall and F1 over the entities of rows of tags, as `classification_report` of seqeval has them by default.
 *
 * @throws RangeError over rows of different lengths
 */
export const entityScores = (
  targets: readonly (readonly string[])[],
  predictions: readonly (readonly string[])[],
): EntityScores => {
  sameLength("entityScores", targets, predictions);
  const counts = new Map<string, { truePositives: number; falsePositives: number; falseNegatives: number }>();
  const of = (type: string) => {
    const count = counts.get(type) ?? { truePositives: 0, falsePositives: 0, falseNegatives: 0 };
    counts.set(type, count);
    return count;
  };
  for (const [row, target] of targets.entries()) {
    const prediction = predictions[row]!;
    if (prediction.length !== target.length)
      throw fault({
        code: "invalid-argument",
        place: "entityScores",
        problem: `expected ${target.length} tags in row ${row}, one a target, got ${prediction.length}`,
        type: RangeError,
      });
    const place = ({ start, end }: { start: number; end: number }) => `${start} ${end}`;
    const left = new Map(entitiesOf(target).map((entity) => [place(entity), entity.type]));
    for (const entity of entitiesOf(prediction)) {
      if (left.get(place(entity)) === entity.type) {
        of(entity.type).truePositives++;
        left.delete(place(entity));
      } else of(entity.type).falsePositives++;
    }
    for (const type of left.values()) of(type).falseNegatives++;
  }
  const types = [...counts.keys()].sort();
  const { classes, ...averages } = scoresOfCounts(types.map((type) => counts.get(type)!));
  return { ...averages, types: Object.fromEntries(types.map((type, i) => [type, classes[i]!])) };
};
