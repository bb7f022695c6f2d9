import { fault } from "@cramkit/errors";
import type { Budget } from "@cramkit/scheduler";

/** Each unit, by the words for it: what it limits, and how much of that it is. */
const units = [
  { words: ["s", "sec", "second"], limit: "hours", amount: 1 / 3600 },
  { words: ["m", "min", "minute"], limit: "hours", amount: 1 / 60 },
  { words: ["h", "hr", "hour"], limit: "hours", amount: 1 },
  { words: ["d", "day"], limit: "hours", amount: 24 },
  { words: ["step"], limit: "steps", amount: 1 },
  { words: ["token"], limit: "tokens", amount: 1 },
  { words: ["epoch"], limit: "epochs", amount: 1 },
  { words: ["flop"], limit: "flops", amount: 1 },
] as const;

/** The limits of a budget: of several, the first that is reached ends a run. */
export type Limits = Partial<Record<(typeof units)[number]["limit"], number>>;

/** A number and a unit: "24 hours", "90m", "2000 steps", "1e6 tokens". */
const limitPattern = /^([\d.]+(?:e[+-]?\d+)?)\s*([a-z]+)$/i;

/** What a budget looks like, for an error. */
export const budgetForm =
  'a number above 0 and a unit (seconds, minutes, hours, days, steps, tokens, epochs, flops), or several of different kinds, as in "24 hours", "90m", "2000 steps", "24 hours, 1e6 steps"';

/** The limits that a text names; undefined if it is not a budget. */
const readLimits = (text: unknown): Limits | undefined => {
  if (typeof text !== "string") return undefined;
  const limits: Limits = {};
  for (const part of text.split(",")) {
    const [, digits, word] = limitPattern.exec(part.trim()) ?? [];
    const name = word?.toLowerCase();
    const unit = units.find(({ words }) => words.some((known) => name === known || name === `${known}s`));
    const amount = Number(digits);
    if (!unit || !(amount > 0 && amount <= 1e30) || limits[unit.limit] !== undefined) return undefined;
    limits[unit.limit] = amount * unit.amount;
  }
  return limits;
};

/** Whether a value is a budget of more than nothing. */
export const isBudget = (value: unknown): value is string => readLimits(value) !== undefined;

/** The limits of a budget as a recipe writes it. */
export const budgetLimits = (text: string): Limits => {
  const limits = readLimits(text);
  if (!limits)
    throw fault({
      code: "invalid-input",
      place: "budget",
      problem: `expected ${budgetForm}, got "${text}"`,
      type: RangeError,
    });
  return limits;
};

/** What turns limits into counts. */
export interface BudgetUnits {
  /** Operations of a token, forward and backward. */
  readonly flopsPerToken: number;
  /** Training rows: those of an epoch. */
  readonly rows: number;
}

/** Reads a budget as a recipe writes it. */
export const parseBudget = (text: string, { flopsPerToken, rows }: BudgetUnits): Budget => {
  const { epochs, flops, ...counted } = budgetLimits(text);
  return {
    ...counted,
    ...(epochs !== undefined && { examples: epochs * rows }),
    ...(flops !== undefined && { flops, flopsPerToken }),
  };
};
