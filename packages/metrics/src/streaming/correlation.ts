import { fault } from "@cramkit/errors";
import type { Metric } from "./metric.ts";

/**
 * Pearson correlation, `cov(p, t) / sqrt(var(p) var(t))`, by Welford's one-pass update of the centred sums, taken relative
 * to the first row: nothing cancels, wherever the values lie. If either side is constant it is 0 (scipy: nan).
 */
export const pearson = (): Metric => {
  let rows = 0;
  let firstP = 0;
  let firstT = 0;
  let meanP = 0;
  let meanT = 0;
  let sumPP = 0;
  let sumTT = 0;
  let sumPT = 0;
  return {
    add(prediction, target) {
      finite(prediction);
      finite(target);
      if (rows++ === 0) [firstP, firstT] = [prediction, target];
      const p = prediction - firstP;
      const t = target - firstT;
      const offP = p - meanP;
      const offT = t - meanT;
      meanP += offP / rows;
      meanT += offT / rows;
      sumPP += offP * (p - meanP);
      sumTT += offT * (t - meanT);
      sumPT += offP * (t - meanT);
    },
    value() {
      const spread = Math.sqrt(sumPP) * Math.sqrt(sumTT);
      return spread === 0 ? 0 : Math.max(-1, Math.min(1, sumPT / spread));
    },
  };
};

/** Spearman correlation: Pearson over ranks, equal values sharing the mean of their ranks. Keeps all values. */
export const spearman = (): Metric => {
  const predictions: number[] = [];
  const targets: number[] = [];
  return {
    add(prediction, target) {
      predictions.push(finite(prediction));
      targets.push(finite(target));
    },
    value() {
      const p = ranks(predictions);
      const t = ranks(targets);
      const correlation = pearson();
      for (let i = 0; i < p.length; i++) correlation.add(p[i]!, t[i]!);
      return correlation.value();
    },
  };
};

const ranks = (values: readonly number[]): Float64Array => {
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const result = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let i = start; i < end; i++) result[order[i]!] = (start + end + 1) / 2;
    start = end;
  }
  return result;
};

const finite = (value: number): number => {
  if (Number.isFinite(value)) return value;
  throw fault({
    code: "invalid-argument",
    place: "metric",
    problem: `expected a finite number, got ${value}`,
    type: RangeError,
  });
};
