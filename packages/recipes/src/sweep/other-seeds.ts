import { dirname, join } from "node:path";
import { keptResult, runsWithResults } from "./kept-results.ts";
import type { PlannedRun, SweepPlan } from "./plan.ts";

/**
 * The plan with the runs of other seeds that lie in its folder, each behind those of its variant: what was run before with
 * other seeds, or is run at once by another process. A run of other settings does not belong to them.
 */
export const withOtherSeeds = async (plan: SweepPlan): Promise<SweepPlan> => {
  const planned = new Set(plan.runs.map(({ id }) => id));
  const found = (await runsWithResults(plan.folder)).filter((id) => !planned.has(id));
  const runs: PlannedRun[] = [];
  for (const [at, run] of plan.runs.entries()) {
    runs.push(run);
    if (run.variant === plan.runs[at + 1]?.variant) continue;
    const others = found.flatMap((id) => otherSeed(run, id) ?? []).sort((a, b) => a.seed - b.seed);
    for (const other of others) if (await keptResult(other, plan)) runs.push(other);
  }
  return { ...plan, runs: runs.map((run, index) => ({ ...run, index })) };
};

/** The same run with the seed of another folder. Undefined if that is the folder of another variant. */
const otherSeed = (run: PlannedRun, id: string): PlannedRun | undefined => {
  const name = run.id.slice(0, -String(run.seed).length);
  const seed = Number(id.slice(name.length));
  if (!id.startsWith(name) || !Number.isSafeInteger(seed) || `${name}${seed}` !== id) return undefined;
  return {
    ...run,
    id,
    seed,
    folder: join(dirname(run.folder), id),
    ...(run.recipe && { recipe: { ...run.recipe, seed } }),
  };
};
