import { checkOptions, fault } from "@cramkit/errors";
import { startCompute } from "../compute.ts";
import { budgetLimits } from "../recipe/budget.ts";
import { matrixSpeed } from "../run/matrix-speed.ts";
import { estimateSweep, type SweepEstimate } from "./estimate.ts";
import { keptResult, type SweepResult } from "./kept-results.ts";
import type { PlannedRun, SweepPlan } from "./plan.ts";

export interface SweepOptions {
  /** This process's part of the runs, from 1. @defaultValue `1` */
  readonly task?: number;
  /** Parts that the runs are dealt out to. @defaultValue `1` */
  readonly of?: number;
  /** Leaves alone what failed before. @defaultValue `false`: it is tried again */
  readonly skipFailed?: boolean;
  /** Accepts a WebGPU adapter that is a CPU. @defaultValue `false` */
  readonly allowSoftware?: boolean;
}

/** What is done and what is left of a part of a sweep. */
export interface SweepState {
  /** Runs of this part. */
  readonly mine: readonly PlannedRun[];
  /** Those of them that are to be run now. */
  readonly open: readonly PlannedRun[];
  /** Results that are kept already, by `id`. */
  readonly kept: ReadonlyMap<string, SweepResult>;
}

/** The same, with what the rest will take. */
export interface SweepOutlook extends SweepState {
  readonly estimate: SweepEstimate;
  /** Whether its times are the least: no run is done yet whose speed could be taken. */
  readonly isLeast: boolean;
}

/** Looks what is done. */
export const sweepState = async (plan: SweepPlan, options: SweepOptions = {}): Promise<SweepState> => {
  checkOptions("sweep", options, { task: true, of: true, skipFailed: true, allowSoftware: true });
  const { task = 1, of = 1, skipFailed = false } = options;
  requirePart(task, of);
  const mine = plan.runs.filter(({ index }) => index % of === task - 1);
  const kept = new Map<string, SweepResult>();
  for (const run of plan.runs) {
    const result = await keptResult(run, plan);
    if (result) kept.set(run.id, result);
  }
  const open = mine.filter((run) => {
    const status = kept.get(run.id)?.status;
    return run.recipe !== undefined && (status === undefined || (status === "failed" && !skipFailed));
  });
  return { mine, open, kept };
};

/**
 * Looks what is done and what the rest will take. If a budget is not in hours, by the speed of finished runs, or of a matrix
 * product on the backend, which no training reaches.
 */
export const surveySweep = async (plan: SweepPlan, options: SweepOptions = {}): Promise<SweepOutlook> => {
  const state = await sweepState(plan, options);
  const { open, kept } = state;
  const counted = open.find(({ recipe }) => budgetLimits(recipe!.training.budget).hours === undefined);
  const measured = counted && measuredSpeed(kept);
  const flopsPerSecond = measured ?? (counted && (await productSpeed(counted, options.allowSoftware)));
  const estimate = await estimateSweep(plan, { runs: open, flopsPerSecond, atOnce: options.of ?? 1 });
  return { ...state, estimate, isLeast: counted !== undefined && measured === undefined };
};

const requirePart = (task: number, of: number): void => {
  if (Number.isInteger(task) && Number.isInteger(of) && task >= 1 && task <= of) return;
  throw fault({
    code: "invalid-input",
    place: "sweep",
    problem: `expected a task from 1 to the number of parts, got task ${task} of ${of}`,
    type: RangeError,
  });
};

/** Of the runs that are done. */
const measuredSpeed = (kept: SweepState["kept"]): number | undefined => {
  let [flops, seconds] = [0, 0];
  for (const result of kept.values()) {
    flops += result.flops ?? 0;
    seconds += result.flops ? (result.seconds ?? 0) : 0;
  }
  return seconds > 0 ? flops / seconds : undefined;
};

const productSpeed = async ({ recipe }: PlannedRun, allowSoftware: boolean | undefined): Promise<number> => {
  const compute = await startCompute(recipe!.backend, { allowSoftware });
  try {
    return await matrixSpeed();
  } finally {
    await compute.dispose();
  }
};
