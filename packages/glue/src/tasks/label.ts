import type { GlueTask } from "./glue-tasks.ts";
import type { Example } from "./task.ts";

/** Reads a label as the task's TSV files write it; NaN if it is not a label. */
export const labelReader = (glue: GlueTask): ((written: string) => number) => {
  if (glue.task.labels.length === 0) return (written) => inRange(written.trim() === "" ? Number.NaN : Number(written));
  const names = glue.written === "names" ? glue.task.labels : glue.task.labels.map((_, i) => String(i));
  const numbers = new Map(names.map((name, i) => [name, i]));
  return (written) => numbers.get(written) ?? Number.NaN;
};

/** The label as a number of a Parquet column; undefined for -1, which marks a hidden one, and NaN if it is not a label. */
export const labelOf = (glue: GlueTask, value: unknown): number | undefined => {
  const number = typeof value === "bigint" ? Number(value) : typeof value === "number" ? value : Number.NaN;
  if (number === -1) return undefined;
  if (glue.task.labels.length === 0) return inRange(number);
  return Number.isInteger(number) && number >= 0 && number < glue.task.labels.length ? number : Number.NaN;
};

export const exampleFrom = (text: string, pair: string | undefined, label: number | undefined): Example => {
  return { text, ...(pair === undefined ? {} : { pair }), ...(label === undefined ? {} : { label }) };
};

const inRange = (score: number): number => {
  return score >= 0 && score <= 5 ? score : Number.NaN;
};
