import type { Recipe } from "../recipe/recipe.ts";
import type { SweepInput } from "../sweep/sweep.ts";

/** Schedules over the budget, each with the warm-up or the cool-down that the study gives to it. */
const compared = {
  "budget-triangle2": {},
  "budget-triangle1": {},
  "budget-one-cycle": {},
  "budget-linear": { warmup: 0.06 },
  "budget-cosine-decay": { warmup: 30 / 900 },
  "budget-cosine-annealing": {},
  "budget-inverse-sqrt": { warmup: 0.06 },
  "budget-constant": { warmup: 0.06 },
  "budget-multi-cycle": {},
  "budget-ramp": { cooldown: 0.1 },
  "budget-inv-cosine": { cooldown: 0.1 },
  "budget-dive": {},
  "budget-dive-slow": {},
  "budget-dive-fast": {},
} as const;

/** Figure 2: the schedule alone, at the base's peak. */
export const schedules = (_: Recipe): NonNullable<SweepInput["variants"]> =>
  Object.entries(compared).map(([name, phases]) => ({
    name: name.replace("budget-", ""),
    set: { "training.schedule": { name, warmup: 0, cooldown: 0, ...phases } },
  }));
