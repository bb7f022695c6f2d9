import type { ConfusionMatrix } from "./confusion-matrix.ts";

/** Precision, recall and F1, each 0 if it would divide by zero; `support` counts the targets. */
export interface ClassScore {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly support: number;
}

/** Scores of each class, and their averages. */
export interface ClassScores {
  readonly classes: readonly ClassScore[];
  /** The mean over the classes that occur, as a target or as a prediction. */
  readonly macro: ClassScore;
  /** From the sums of all counts. With one class a row, all three are the accuracy. */
  readonly micro: ClassScore;
  /** The mean weighted by the support of each class. */
  readonly weighted: ClassScore;
}

/** What was counted of one class. */
export interface Counts {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
}

/** `P = tp / (tp + fp)`, `R = tp / (tp + fn)`, `F1 = 2 tp / (2 tp + fp + fn)`. */
const scoreOfCounts = ({ truePositives, falsePositives, falseNegatives }: Counts): ClassScore => {
  const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  const support = truePositives + falseNegatives;
  return {
    precision: share(truePositives, truePositives + falsePositives),
    recall: share(truePositives, support),
    f1: share(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives),
    support,
  };
};

/** Averages over counts. Classes that never occur take no part, as in `precision_recall_fscore_support` of scikit-learn. */
export const scoresOfCounts = (counts: readonly Counts[]): ClassScores => {
  const classes = counts.map(scoreOfCounts);
  const occurring = classes.filter((_, k) => {
    const { truePositives, falsePositives, falseNegatives } = counts[k]!;
    return truePositives + falsePositives + falseNegatives > 0;
  });
  const support = classes.reduce((sum, each) => sum + each.support, 0);
  const mean = (weight: (score: ClassScore) => number): ClassScore => {
    const total = occurring.reduce((sum, each) => sum + weight(each), 0);
    const of = (field: "precision" | "recall" | "f1") =>
      total === 0 ? 0 : occurring.reduce((sum, each) => sum + weight(each) * each[field], 0) / total;
    return { precision: of("precision"), recall: of("recall"), f1: of("f1"), support };
  };
  const sum = (field: keyof Counts) => counts.reduce((total, each) => total + each[field], 0);
  return {
    classes,
    macro: mean(() => 1),
    micro: scoreOfCounts({
      truePositives: sum("truePositives"),
      falsePositives: sum("falsePositives"),
      falseNegatives: sum("falseNegatives"),
    }),
    weighted: mean((score) => score.support),
  };
};

/** Scores of the classes of a confusion matrix `[target][prediction]`. */
export const classScores = (matrix: ConfusionMatrix): ClassScores =>
  scoresOfCounts(
    matrix.map((row, k) => ({
      truePositives: row[k]!,
      falsePositives: matrix.reduce((sum, other, i) => sum + (i === k ? 0 : other[k]!), 0),
      falseNegatives: row.reduce((sum, count, i) => sum + (i === k ? 0 : count), 0),
    })),
  );
