import { fault } from "@cramkit/errors";
import { budgetLimits } from "../recipe/budget.ts";
import { differences } from "../recipe/difference.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { applySettings } from "../recipe/settings.ts";

/** What may change in a run that has begun: nothing of what was computed so far depends on it. */
const changeable = [
  "description",
  "backend",
  "training.budget",
  "training.microbatchSize",
  "guard",
  "evaluation",
  "metrics",
  "checkpoints",
];

/** Why everything else stays as it is, the first that fits. */
const reasons = [
  ["backend.precision", "the state of its optimizer is of that precision"],
  ["evaluation.heldOut", "it decided which documents were trained on"],
  ["name", "its prepared rows are kept under it"],
  ["training.from", "its first weights came from it"],
  ["model", "its weights were made by it"],
  ["corpus", "the rows it was trained on were made by it"],
  ["tokenizer", "the rows it was trained on were made by it"],
  ["rows", "the rows it was trained on were made by it"],
  ["seed", "every random choice so far follows from it"],
  ["", "the steps so far were taken by it"],
] as const;

const isUnder = (path: string, whole: string): boolean =>
  whole === "" || path === whole || path.startsWith(`${whole}.`);

/**
 * The recipe of a run that has begun, with settings that do not touch what was computed.
 *
 * @throws a fault `invalid-argument` naming each setting that must stay, and why
 */
export const changeSettings = (begun: Recipe, settings: readonly string[]): Recipe => {
  const recipe = applySettings(begun, settings);
  const refused = differences(begun, recipe).flatMap(({ path }) => {
    const [part, reason] = reasons.find(([part]) => isUnder(path, part))!;
    const isNamed = part.includes(".");
    return !isNamed && changeable.some((whole) => isUnder(path, whole)) ? [] : [`${path} (${reason})`];
  });
  if (refused.length > 0) {
    throw fault({
      code: "invalid-argument",
      place: "--set",
      problem: `a run that has begun keeps ${refused.join(", ")}`,
      remedy: `begin another run for that; here may change ${changeable.join(", ")}`,
      type: RangeError,
    });
  }
  requireLarger(begun.training.budget, recipe.training.budget);
  return recipe;
};

/** A budget only grows: of the limits that both have, none may be less. */
const requireLarger = (before: string, after: string): void => {
  const [had, has] = [budgetLimits(before), budgetLimits(after)];
  const kinds = Object.keys(had) as (keyof typeof had)[];
  if (kinds.every((kind) => (has[kind] ?? Number.POSITIVE_INFINITY) >= had[kind]!)) return;
  throw fault({
    code: "invalid-argument",
    place: "--set training.budget",
    problem: `expected at least the "${before}" that the run has, got "${after}"`,
    remedy: "give it more, or stop it with Ctrl-C",
    type: RangeError,
  });
};
