import { join } from "node:path";
import { lockFolder, sealed, writeFileAtomic } from "@cramkit/files";
import { summarize } from "@cramkit/glue";
import { readScores } from "../evaluate/glue.ts";
import { readRun, runFiles, writeRecord } from "../run-record.ts";
import { comparisonKey } from "./comparison.ts";
import { keptResult, keyOf, resultFile, type SweepRecord, type SweepResult, sweepFiles } from "./kept-results.ts";
import { withOtherSeeds } from "./other-seeds.ts";
import type { PlannedRun, SweepPlan } from "./plan.ts";
import { waitForLock } from "./wait-for-lock.ts";

/** What a run came to, as its folder says. */
export const resultOf = async (run: PlannedRun, plan: SweepPlan): Promise<SweepResult> => {
  const { summary, masked, probes } = await readRun(run.folder);
  const glue = plan.sweep.glue ? await readScores(runFiles(run.folder).glue) : undefined;
  return {
    ...headOf(run, plan),
    status: "done",
    comparison: comparisonKey(run.recipe!),
    ...(summary && {
      parameters: summary.parameters,
      steps: summary.steps,
      tokens: summary.tokens,
      flops: summary.tokens * summary.flopsPerToken + (summary.optimizerFlops ?? 0),
      seconds: summary.elapsedMs / 1000,
    }),
    ...(masked && {
      heldOutLoss: masked.trained.loss,
      heldOutAccuracy: masked.trained.accuracy,
      unigramLoss: masked.unigram.loss,
    }),
    ...(probes && { probes: probeMedians(probes.trained, probes.untrained) }),
    ...(glue && { glue: glue.slice(0, plan.sweep.glue!.untrained ? 2 : 1) }),
  };
};

/** What a run that could not be finished leaves. */
export const failureOf = (run: PlannedRun, plan: SweepPlan, error: NonNullable<SweepResult["error"]>): SweepResult => ({
  ...headOf(run, plan),
  status: "failed",
  error,
});

const headOf = (run: PlannedRun, plan: SweepPlan) => {
  const { id, variant, seed, settings } = run;
  return { sweep: plan.sweep.name, id, variant, seed, settings, key: keyOf(run, plan) };
};

type Trials = Parameters<typeof summarize>[0];

const probeMedians = (trained: Trials, untrained: Trials): SweepResult["probes"] => {
  const of = (trials: Trials) =>
    new Map(summarize(trials).map(({ task, metrics }) => [task.title, metrics.accuracy?.median ?? Number.NaN]));
  const without = of(untrained);
  return Object.fromEntries(
    [...of(trained)].map(([title, score]) => [title, { trained: score, untrained: without.get(title) ?? Number.NaN }]),
  );
};

/** Keeps the result of a run, and all results so far, of other seeds too, in `results.jsonl`, in the order of the plan. */
export const keepResult = async (
  result: SweepResult,
  plan: SweepPlan,
  signal: AbortSignal | undefined,
): Promise<void> => {
  await writeRecord(resultFile(join(plan.folder, result.id)), result);
  await writeResults(plan, signal);
};

/** Writes what lies in the folder of a sweep as its results: which runs there are, and what each came to. */
export const writeResults = async (plan: SweepPlan, signal: AbortSignal | undefined): Promise<void> => {
  const files = sweepFiles(plan.folder);
  // Other processes may be at the same sweep: who writes the list has read all that was there.
  const unlock = await waitForLock(() => lockFolder(plan.folder, { name: "results.lock" }), { signal });
  try {
    const all = await withOtherSeeds(plan);
    const kept = await Promise.all(all.runs.map((run) => keptResult(run, plan)));
    await writeRecord(files.sweep, {
      format: 1,
      sweep: plan.sweep,
      runs: all.runs.map(({ recipe: _, folder: __, data: ___, ...run }) => run),
    } satisfies SweepRecord);
    await writeFileAtomic(
      files.results,
      kept.flatMap((line) => (line ? `${JSON.stringify(sealed(line))}\n` : [])).join(""),
    );
  } finally {
    unlock();
  }
};
