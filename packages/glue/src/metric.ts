import { accuracy, f1, matthews } from "./confusion.ts";
import { pearson, spearman } from "./correlation.ts";

export const metricNames = ["accuracy", "f1", "matthews", "pearson", "spearman"] as const;

export type MetricName = (typeof metricNames)[number];

/**
 * A running score. `add` takes one prediction and its target, both class numbers or both real values; `value` may be read
 * at any time and has a defined value for every input, also before the first `add`.
 */
export interface Metric {
  add(prediction: number, target: number): void;
  value(): number;
}

const factories: Record<MetricName, () => Metric> = { accuracy, f1, matthews, pearson, spearman };

/** A fresh accumulator of the metric. */
export function createMetric(name: MetricName): Metric {
  const factory = factories[name];
  if (!factory) throw new RangeError(`createMetric: expected one of ${metricNames.join(", ")}, got ${name}`);
  return factory();
}
