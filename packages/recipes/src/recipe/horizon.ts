import { fault } from "@cramkit/errors";
import { budgetFraction, type Counts } from "@cramkit/scheduler";
import { type BudgetUnits, budgetLimits, parseBudget } from "./budget.ts";
import type { Recipe } from "./recipe.ts";

/** Progress as schedule, batch ramp, curriculum, masking, causal share and last phase see it. */
export type AlongHorizon = <P extends Counts & { readonly fraction: number }>(progress: P) => P;

/** Measures progress along the horizon of a recipe that has one; along its budget otherwise, as it is. */
export const alongHorizon = ({ training: { horizon } }: Pick<Recipe, "training">, units: BudgetUnits): AlongHorizon => {
  if (horizon === null) return (progress) => progress;
  const used = budgetFraction(parseBudget(horizon, units));
  return (progress) => ({ ...progress, fraction: used(progress) });
};

/**
 * Refuses what is not a budget, and a horizon that ends before the budget does: the learning rate would be at its end from there on.
 *
 * @throws RangeError naming the setting
 */
export const checkHorizon = ({ training: { horizon, budget } }: Pick<Recipe, "training">): void => {
  const near = budgetLimits(budget);
  if (horizon === null) return;
  const far = budgetLimits(horizon);
  const kinds = Object.keys(far) as (keyof typeof far)[];
  if (kinds.every((kind) => (far[kind] ?? 0) >= (near[kind] ?? 0))) return;
  throw fault({
    code: "invalid-input",
    place: "training.horizon",
    problem: `expected at least training.budget "${budget}", got "${horizon}"`,
    remedy: "raise it, or set it to null",
    type: RangeError,
  });
};
