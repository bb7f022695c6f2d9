import type { SweepResult } from "@cramkit/recipes";
import { studentT } from "./student-t.ts";

/** Values of one kind over the seeds of a variant. */
export interface Spread {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  /** Sample standard deviation. @defaultValue absent for a single value */
  readonly deviation?: number;
  readonly count: number;
}

/** Undefined if there is no value. */
export const spreadOf = (values: readonly number[]): Spread | undefined => {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return undefined;
  const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
  const squares = finite.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    mean,
    low: Math.min(...finite),
    high: Math.max(...finite),
    ...(finite.length > 1 && { deviation: Math.sqrt(squares / (finite.length - 1)) }),
    count: finite.length,
  };
};

/** An interval that holds what it is of in 95 of 100 cases, for values that scatter normally. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Where the mean of ever more seeds is expected. Undefined for a single value. */
export const intervalOfMean = ({ mean, deviation, count }: Spread): Interval | undefined =>
  deviation === undefined ? undefined : around(mean, studentT(count - 1) * deviation * Math.sqrt(1 / count));

/** Where one further seed is expected: a prediction interval. Undefined for a single value. */
export const intervalOfNext = ({ mean, deviation, count }: Spread): Interval | undefined =>
  deviation === undefined ? undefined : around(mean, studentT(count - 1) * deviation * Math.sqrt(1 + 1 / count));

const around = (mean: number, half: number): Interval => ({ low: mean - half, high: mean + half });

/** A score that sweeps are compared by. */
export interface Score {
  readonly name: string;
  /** For the names of files. */
  readonly id: string;
  readonly unit: "nats" | "%" | "points";
  /** Whether a lower one is better. */
  readonly isLoss: boolean;
  of(result: SweepResult): number | undefined;
}

const fixed: readonly Score[] = [
  { name: "held-out loss", id: "held-out-loss", unit: "nats", isLoss: true, of: ({ heldOutLoss }) => heldOutLoss },
  {
    name: "below the unigram baseline",
    id: "below-unigram",
    unit: "nats",
    isLoss: false,
    of: ({ heldOutLoss, unigramLoss }) =>
      heldOutLoss === undefined || unigramLoss === undefined ? undefined : unigramLoss - heldOutLoss,
  },
  {
    name: "masked-token accuracy",
    id: "masked-accuracy",
    unit: "%",
    isLoss: false,
    of: ({ heldOutAccuracy }) => heldOutAccuracy && 100 * heldOutAccuracy,
  },
];

/** The scores that some result has: losses, probes, GLUE's columns and its average. */
export const scoresIn = (results: readonly SweepResult[]): Score[] => {
  const probes = [...new Set(results.flatMap(({ probes = {} }) => Object.keys(probes)))];
  const columns = [...new Set(results.flatMap(({ glue }) => Object.keys(glue?.[0]?.scores ?? {})))];
  const idOf = (name: string) => name.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  const all: Score[] = [
    ...fixed,
    ...probes.map(
      (title): Score => ({
        name: `probe ${title}`,
        id: `probe-${idOf(title)}`,
        unit: "%",
        isLoss: false,
        of: ({ probes }) => probes?.[title] && 100 * probes[title].trained,
      }),
    ),
    {
      name: "GLUE, average",
      id: "glue-average",
      unit: "points",
      isLoss: false,
      of: ({ glue }) => glue?.[0]?.average,
    },
    ...columns.map(
      (column): Score => ({
        name: `GLUE, ${column}`,
        id: `glue-${idOf(column)}`,
        unit: "points",
        isLoss: false,
        of: ({ glue }) => glue?.[0]?.scores[column]?.value,
      }),
    ),
  ];
  return all.filter((score) => results.some((result) => score.of(result) !== undefined));
};

/** Results by variant, in the order in which they come. */
export const byVariant = (results: readonly SweepResult[]): Map<string, SweepResult[]> => {
  const groups = new Map<string, SweepResult[]>();
  for (const result of results) groups.set(result.variant, [...(groups.get(result.variant) ?? []), result]);
  return groups;
};

/** The variant that others are a change of: the first one that changes nothing, else the first. */
export const referenceOf = (results: readonly SweepResult[]): string | undefined =>
  (results.find(({ settings }) => Object.keys(settings).length === 0) ?? results[0])?.variant;

/**
 * How much a score differs between two variants, over the seeds that both have: each seed's difference, as their runs share data,
 * first weights and masks.
 */
export const pairedDifference = (
  score: Score,
  changed: readonly SweepResult[],
  reference: readonly SweepResult[],
): Spread | undefined =>
  spreadOf(
    changed.flatMap((result) => {
      const other = reference.find(({ seed }) => seed === result.seed);
      const [one, two] = [score.of(result), other && score.of(other)];
      // Losses of different tokens have no difference.
      if (score.unit === "nats" && result.comparison !== other?.comparison) return [];
      return one === undefined || two === undefined ? [] : [one - two];
    }),
  );
