import { fault } from "@cramkit/errors";
/** `matrix[target][prediction]`: how often a class was taken for another. */
export type ConfusionMatrix = readonly (readonly number[])[];

/**
 * Counts class numbers: `matrix[target][prediction]`, `classes x classes`, as `confusion_matrix(targets, predictions)` of
 * scikit-learn has it.
 *
 * @throws RangeError over lists of different lengths, and over what is not a class number below `classes`
 */
export const confusionMatrix = (
  targets: ArrayLike<number>,
  predictions: ArrayLike<number>,
  classes: number,
): ConfusionMatrix => {
  sameLength("confusionMatrix", targets, predictions);
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < targets.length; i++) {
    const [target, prediction] = [targets[i]!, predictions[i]!];
    for (const [name, value] of Object.entries({ target, prediction })) {
      if (!(Number.isInteger(value) && value >= 0 && value < classes))
        throw fault({
          code: "invalid-argument",
          place: "confusionMatrix",
          problem: `expected a class number from 0 to ${classes - 1} as ${name} ${i}, got ${value}`,
          type: RangeError,
        });
    }
    matrix[target]![prediction]!++;
  }
  return matrix;
};

export const sameLength = (name: string, targets: ArrayLike<unknown>, predictions: ArrayLike<unknown>): void => {
  if (targets.length !== predictions.length)
    throw fault({
      code: "invalid-argument",
      place: name,
      problem: `expected ${targets.length} predictions, one a target, got ${predictions.length}`,
      type: RangeError,
    });
};
