import type { RunRecord } from "@cramkit/recipes";
import { smooth } from "../page/smooth.ts";
import { flopsPerToken } from "../series.ts";

export const axes = ["tokens", "seconds", "flops"] as const;
export type Axis = (typeof axes)[number];

/** A training loss against an axis, averaged over its neighbours. */
export interface Curve {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** Points of a run's loss, by tokens, seconds or operations; none if the run has no metrics. */
export const lossCurve = (run: RunRecord, axis: Axis): Curve => {
  const perToken = flopsPerToken(run) ?? Number.NaN;
  const at = { tokens: ["tokens", 1], seconds: ["elapsedMs", 1e-3], flops: ["tokens", perToken] } as const;
  const [column, factor] = at[axis];
  const rows = run.metrics.filter((row) => typeof row.loss === "number" && typeof row[column] === "number");
  const y = smooth(rows.map(({ loss }) => loss as number)) as number[];
  return { x: rows.map((row) => (row[column] as number) * factor), y };
};

/** The value of a curve between its points; undefined outside of them. */
const valueAt = ({ x, y }: Curve, at: number): number | undefined => {
  if (x.length === 0 || at < x[0]! || at > x.at(-1)!) return undefined;
  let [low, high] = [0, x.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (x[middle]! <= at) low = middle;
    else high = middle;
  }
  const span = x[high]! - x[low]!;
  const share = span === 0 ? 0 : (at - x[low]!) / span;
  return y[low]! + share * (y[high]! - y[low]!);
};

/** Several curves of one variant as one: mean, least and greatest if all of them have a value. */
export interface Band {
  readonly x: number[];
  readonly mean: number[];
  readonly low: number[];
  readonly high: number[];
}

const pointsOfABand = 200;

export const bandOf = (curves: readonly Curve[]): Band => {
  const band: Band = { x: [], mean: [], low: [], high: [] };
  const filled = curves.filter(({ x }) => x.length > 0);
  if (filled.length === 0) return band;
  const from = Math.max(...filled.map(({ x }) => x[0]!));
  const to = Math.min(...filled.map(({ x }) => x.at(-1)!));
  if (to < from) return band;
  for (let i = 0; i <= pointsOfABand; i++) {
    const at = Math.min(to, from + ((to - from) * i) / pointsOfABand);
    const values = filled.map((curve) => valueAt(curve, at)!);
    band.x.push(at);
    band.mean.push(values.reduce((sum, value) => sum + value, 0) / values.length);
    band.low.push(Math.min(...values));
    band.high.push(Math.max(...values));
    if (to === from) break;
  }
  return band;
};
