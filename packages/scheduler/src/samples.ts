import { fault } from "@cramkit/errors";
import { checkCount, checkPositive } from "./check.ts";

export interface PlotRange {
  /**
   * The last position of the plot, which begins at 0: 1 for a budget, the number of steps for steps.
   * @defaultValue `1`
   */
  end?: number;
}

/** `count` values of a curve at even positions from 0 to `end`. */
export const sampleCurve = (
  where: string,
  curve: (position: number) => number,
  count: number,
  end: number,
): number[] => {
  checkCount(where, "width", count);
  checkPositive(where, "end", end);
  return Array.from({ length: count }, (_, i) => {
    const value = curve((i / Math.max(1, count - 1)) * end);
    if (!Number.isFinite(value))
      throw fault({
        code: "invalid-argument",
        place: where,
        problem: `expected finite values, got ${value}`,
        type: RangeError,
      });
    return value;
  });
};

/** The largest value of a curve, read finely enough to meet the peaks of every schedule here. */
export const largestValue = (curve: (position: number) => number, end: number): number => {
  let largest = 0;
  for (let i = 0; i <= 2400; i++) largest = Math.max(largest, curve((i / 2400) * end));
  return largest || 1;
};

/** A short number for an axis: 0.25, 8192, 1e-4. */
export const axisLabel = (value: number): string => {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6))
    return value
      .toExponential(2)
      .replace(/\.?0+e/, "e")
      .replace("e+", "e");
  return String(Number(value.toPrecision(4)));
};
