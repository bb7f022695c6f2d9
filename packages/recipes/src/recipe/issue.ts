import { shown } from "@cramkit/errors";
import type { z } from "zod";
import { nearest } from "./nearest.ts";
import { shortened } from "./shortened.ts";

type Issue = z.core.$ZodIssue;

/** So many unknown settings of a place are named; the others are counted. */
const shownKeys = 10;

/**
 * What is wrong with one field of a recipe, as in `training.batchSize: expected number, got "many"`; `known` lists the
 * settings below a path.
 */
export const describeIssue = (
  issue: Issue,
  recipe: unknown,
  known: (path: string) => readonly string[] = () => [],
): string => {
  const path = issue.path.map(String);
  const place = path.map(shortened).join(".") || "recipe";
  if (issue.code === "unrecognized_keys") {
    const available = known(path.join("."));
    const keys = issue.keys.slice(0, shownKeys);
    const near = [...new Set(keys.flatMap((key) => nearest(key, available)))];
    const more = issue.keys.length > shownKeys ? ` and ${issue.keys.length - shownKeys} more` : "";
    const hint = near.length > 0 ? ` (available: ${near.join(", ")})` : "";
    return `${place}: there is no setting ${keys.map(shortened).join(", ")}${more}${hint}`;
  }
  const wrong = complaint(issue);
  return `${place}: ${wrong.startsWith("expected ") ? `${wrong}, got ${shown(at(recipe, path))}` : wrong}`;
};

const complaint = (issue: Issue): string => {
  if (issue.code === "invalid_value") return oneOf(issue.values);
  if (issue.code === "invalid_union") {
    if (issue.errors.length === 0) return oneOf((issue as { options?: unknown[] }).options ?? []);
    const ways = issue.errors.map(([first]) => complaint(first!).replace(/^expected /, ""));
    return `expected ${[...new Set(ways)].join(" or ")}`;
  }
  if (issue.code === "invalid_type") return `expected ${issue.expected}`;
  if (issue.code === "too_small") return bounded(issue.origin, issue.inclusive ? ">=" : ">", issue.minimum);
  if (issue.code === "too_big") return bounded(issue.origin, issue.inclusive ? "<=" : "<", issue.maximum);
  return issue.message; // one of ours
};

const bounded = (origin: string, sign: string, limit: number | bigint): string => {
  const items = { array: " items", set: " items", string: " characters" }[origin];
  return `expected ${origin} to ${items ? "have" : "be"} ${sign}${limit}${items ?? ""}`;
};

const oneOf = (values: readonly unknown[]): string =>
  `expected ${values.length > 1 ? "one of " : ""}${values.map(String).join(", ")}`;

const at = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], value);
