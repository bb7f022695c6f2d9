import { fault } from "@cramkit/errors";
import type { Budget } from "@cramkit/scheduler";

const units = { minute: 1 / 60, hour: 1, day: 24, step: 1, token: 1, flop: 1 } as const;

/** A number and a unit: "24 hours", "2000 steps", "1e6 tokens", "5e15 flops". */
const budgetPattern = /^\s*([\d.]+(?:e[+-]?\d+)?)\s*(minute|hour|day|step|token|flop)s?\s*$/i;

/** What a budget looks like, for an error. */
export const budgetForm =
  'a number above 0 and a unit (minutes, hours, days, steps, tokens, flops), as in "24 hours", "2000 steps", "1e6 tokens"';

/** Whether a value is a budget of more than nothing. */
export const isBudget = (value: unknown): value is string => {
  const amount = typeof value === "string" ? Number(budgetPattern.exec(value)?.[1]) : Number.NaN;
  return amount > 0 && amount <= 1e30;
};

/** Reads a budget as a recipe writes it. `flopsPerToken` counts forward and backward of the model. */
export const parseBudget = (text: string, flopsPerToken: number): Budget => {
  const [, digits, word] = budgetPattern.exec(text) ?? [];
  const amount = Number(digits);
  if (!word || !isBudget(text))
    throw fault({
      code: "invalid-input",
      place: "budget",
      problem: `expected ${budgetForm}, got "${text}"`,
      type: RangeError,
    });
  const unit = word.toLowerCase() as keyof typeof units;
  if (unit === "step") return { steps: amount };
  if (unit === "token") return { tokens: amount };
  if (unit === "flop") return { flops: amount, flopsPerToken };
  return { hours: amount * units[unit] };
};
