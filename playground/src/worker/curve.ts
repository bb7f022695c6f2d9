import type { LossPoint } from "../protocol.ts";

/** The losses of a run of any length as a bounded number of points, each the mean of `every` steps. Plain JSON. */
export interface Curve {
  every: number;
  points: LossPoint[];
  /** Sum and number of the losses since the last point. */
  sum: number;
  count: number;
}

const mostPoints = 400;

export const emptyCurve = (): Curve => ({ every: 1, points: [], sum: 0, count: 0 });

/** Adds the loss of a step; beyond `mostPoints` points two become one. Changes `curve`. */
export const addLoss = (curve: Curve, { step, loss }: LossPoint): void => {
  curve.sum += loss;
  curve.count++;
  if (curve.count < curve.every) return;
  curve.points.push({ step, loss: curve.sum / curve.count });
  curve.sum = 0;
  curve.count = 0;
  if (curve.points.length < mostPoints) return;
  const { points } = curve;
  curve.points = Array.from({ length: points.length / 2 }, (_, i) => {
    const [first, second] = [points[2 * i]!, points[2 * i + 1]!];
    return { step: second.step, loss: (first.loss + second.loss) / 2 };
  });
  curve.every *= 2;
};
