import { expect, it } from "vitest";
import { type ClassScore, classScores } from "../classes/class-scores.ts";
import { confusionMatrix } from "../classes/confusion-matrix.ts";
import { labelScores } from "../classes/label-scores.ts";
import { entitiesOf } from "../entities/entities-of.ts";
import { entityScores } from "../entities/entity-scores.ts";
import { calibration } from "../probabilities/calibration.ts";
import { meanReciprocalRank, rankOf, recallAt } from "../ranking/retrieval.ts";
import { rocAuc, rocAucOfClasses } from "../ranking/roc-auc.ts";
// What scikit-learn and seqeval (their versions are in the file) say of vectors drawn by numpy's generator, seed 7.
import reference from "./reference.json" with { type: "json" };

const close = (got: ClassScore, expected: readonly number[]) => {
  const { precision, recall, f1, support } = got;
  [precision, recall, f1, support].slice(0, expected.length).forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, 14);
  });
};

it.each(reference.classes)("classes as scikit-learn, $classes of them", (each) => {
  const matrix = confusionMatrix(each.targets, each.predictions, each.classes);
  expect(matrix).toEqual(each.matrix);
  const { macro, micro, weighted, classes } = classScores(matrix);
  close(macro, each.macro);
  close(micro, each.micro);
  close(weighted, each.weighted);
  for (const [i, score] of classes.entries()) close(score, each.each[i]!);
});

it("leaves a class that never occurs out of the mean", () => {
  const { targets, predictions, macro, weighted } = reference.absent;
  const scores = classScores(confusionMatrix(targets, predictions, 3));
  expect(scores.macro.f1).toBeCloseTo(macro, 14);
  expect(scores.weighted.f1).toBeCloseTo(weighted, 14);
});

it("several labels as scikit-learn", () => {
  const { targets, predictions, macro, micro, weighted, each, subsetAccuracy } = reference.labels;
  const scores = labelScores(targets, predictions, 4);
  expect(scores.subsetAccuracy).toBeCloseTo(subsetAccuracy, 14);
  close(scores.macro, macro);
  close(scores.micro, micro);
  close(scores.weighted, weighted);
  for (const [i, score] of scores.classes.entries()) close(score, each[i]!);
});

it("areas under the curve as scikit-learn, with ties", () => {
  const { targets, scores, area, classTargets, probabilities, ovr } = reference.auc;
  expect(rocAuc(targets, scores)).toBeCloseTo(area, 14);
  expect(rocAucOfClasses(classTargets, probabilities, 3)).toBeCloseTo(ovr, 14);
  expect(rocAuc([1, 1], [0.2, 0.3])).toBeNaN();
});

it.each(reference.entities)("entities as seqeval: $types.length types", (each) => {
  each.targets.forEach((row, i) => {
    expect(entitiesOf(row).map(({ type, start, end }) => [type, start, end])).toEqual(each.entities[i]);
  });
  const { micro, macro, weighted, types } = entityScores(each.targets, each.predictions);
  close(micro, each.micro);
  close(macro, each.macro);
  close(weighted, each.weighted);
  for (const [i, score] of Object.values(types).entries()) close(score, each.types[i]!);
});

it("ranks as scikit-learn", () => {
  const { scores, wanted, mrr, recallAt3 } = reference.retrieval;
  const ranks = scores.map((row, i) => rankOf(row, wanted[i]!));
  expect(meanReciprocalRank(ranks)).toBeCloseTo(mrr, 14);
  expect(recallAt(ranks, 3)).toBeCloseTo(recallAt3, 14);
  expect(rankOf([0.5, 0.5, 0.5], 1)).toBe(3);
  expect(recallAt([1, undefined], 10)).toBe(0.5);
});

it("calibration as scikit-learn", () => {
  const { confidences, right, accuracy, confidence, error } = reference.calibration;
  const got = calibration(confidences, right, { bins: 10 });
  expect(got.bins.map((bin) => bin.accuracy)).toEqual(accuracy.map((value) => expect.closeTo(value, 13)));
  expect(got.bins.map((bin) => bin.confidence)).toEqual(confidence.map((value) => expect.closeTo(value, 13)));
  expect(got.error).toBeCloseTo(error, 14);
});

it("has a value without rows, and refuses what does not belong together", () => {
  expect(classScores(confusionMatrix([], [], 2)).macro.f1).toBe(0);
  expect(entityScores([], []).micro.f1).toBe(0);
  expect(calibration([], []).error).toBe(0);
  expect(meanReciprocalRank([])).toBe(0);
  expect(() => confusionMatrix([0], [0, 1], 2)).toThrow("expected 1 predictions");
  expect(() => confusionMatrix([2], [0], 2)).toThrow("expected a class number from 0 to 1 as target 0, got 2");
  expect(() => entityScores([["O"]], [["O", "O"]])).toThrow("expected 1 tags in row 0");
  expect(() => labelScores([[3]], [[0]], 2)).toThrow("from 0 to 1 in row 0, got 3");
  expect(() => rocAuc([1, 0], [0.5, Number.NaN])).toThrow("got NaN");
  expect(() => calibration([1.2], [1])).toThrow("from 0 to 1, got 1.2 in row 0");
  expect(() => recallAt([0], 1)).toThrow("expected ranks from 1");
});
