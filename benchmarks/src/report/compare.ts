import { keyOf, type Measurement } from "../measure/record.ts";

type Verdict = "faster" | "slower" | "noise" | "new" | "missing";

export interface Comparison {
  key: string;
  verdict: Verdict;
  /** How many times as fast as before, by the medians. */
  ratio?: number;
  /** Relative width of what was seen: differences below it mean nothing. */
  noise?: number;
}

/** Times of all runs of one key, in ms: the slowest and fastest plausible one, and the middle. */
const bandOf = (runs: readonly Measurement[]) => {
  const middles = runs.map(({ ms }) => ms.p50).sort((a, b) => a - b);
  return {
    low: Math.min(...runs.map(({ ms }) => ms.p20)),
    high: Math.max(...runs.map(({ ms }) => ms.p80)),
    middle: middles[middles.length >> 1]!,
    samples: runs.reduce((sum, { samples }) => sum + samples, 0),
  };
};

const byKey = (measurements: readonly Measurement[]): Map<string, Measurement[]> => {
  const map = new Map<string, Measurement[]>();
  for (const one of measurements) map.set(keyOf(one), [...(map.get(keyOf(one)) ?? []), one]);
  return map;
};

/** Fewer say nothing about how much a time varies: the quick form can never be called slower. */
const enoughSamples = 8;

/**
 * Sets two sets of measurements beside each other. A difference counts if the bands from the 20th to the 80th
 * percentile, over all runs of a key, do not touch and the medians are further apart than `threshold` and than the wider
 * band is wide; all else is noise.
 * Several runs of the same key in a file widen its band by what really varies from run to run.
 */
export const compare = (
  before: readonly Measurement[],
  after: readonly Measurement[],
  { threshold = 0.05 } = {},
): Comparison[] => {
  const [olds, news] = [byKey(before), byKey(after)];
  const keys = [...new Set([...olds.keys(), ...news.keys()])];
  return keys.map((key) => {
    const [old, now] = [olds.get(key), news.get(key)];
    if (!old) return { key, verdict: "new" };
    if (!now) return { key, verdict: "missing" };
    const [a, b] = [bandOf(old), bandOf(now)];
    const ratio = a.middle / b.middle;
    const noise = Math.max(a.high / a.low, b.high / b.low) - 1;
    const apart = b.low > a.high || b.high < a.low;
    const big = Math.max(ratio, 1 / ratio) > 1 + Math.max(threshold, noise);
    const known = Math.min(a.samples, b.samples) >= enoughSamples;
    return { key, ratio, noise, verdict: !known || !apart || !big ? "noise" : ratio > 1 ? "faster" : "slower" };
  });
};

/** One line a comparison, the slower ones first. */
export const comparisonText = (comparisons: readonly Comparison[]): string => {
  const order: Verdict[] = ["slower", "faster", "noise", "new", "missing"];
  return [...comparisons]
    .sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict))
    .map(({ key, verdict, ratio, noise }) => {
      const change = ratio === undefined ? "" : `  x ${ratio.toFixed(3)} (noise ${(100 * noise!).toFixed(0)} %)`;
      return `${verdict.padEnd(8)} ${key}${change}`;
    })
    .join("\n");
};
