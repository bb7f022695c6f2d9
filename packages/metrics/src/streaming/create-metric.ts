import { fault } from "@cramkit/errors";
import { pearson, spearman } from "./correlation.ts";
import type { Metric } from "./metric.ts";
import { accuracy, f1, macroF1, matthews } from "./over-classes.ts";

export const metricNames = ["accuracy", "f1", "macro-f1", "matthews", "pearson", "spearman"] as const;

export type MetricName = (typeof metricNames)[number];

const factories: Record<MetricName, () => Metric> = {
  accuracy,
  f1,
  "macro-f1": macroF1,
  matthews,
  pearson,
  spearman,
};

/** A fresh accumulator of the metric. */
export const createMetric = (name: MetricName): Metric => {
  const factory = Object.hasOwn(factories, name) ? factories[name] : undefined;
  if (!factory)
    throw fault({
      code: "invalid-argument",
      place: "createMetric",
      problem: `expected one of ${metricNames.join(", ")}, got ${name}`,
      type: RangeError,
    });
  return factory();
};
