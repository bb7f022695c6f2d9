import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { lockFolder, writeFileAtomic } from "@cramkit/files";
import { type ScoreRow, summarize } from "@cramkit/glue";
import { readScores } from "../evaluate/glue.ts";
import { readJson, readRun, runFiles, writeJson } from "../run-record.ts";
import { comparisonKey } from "./comparison.ts";
import { type PlannedRun, runKey, type SweepPlan } from "./plan.ts";
import { waitForLock } from "./wait-for-lock.ts";

/** One line of `results.jsonl`: what became of a run. */
export interface SweepResult {
  readonly sweep: string;
  readonly variant: string;
  readonly seed: number;
  /** What the variant and the grid change, by setting. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly status: "done" | "failed";
  /** Name of its folder in that of the sweep. */
  readonly id: string;
  /** Of its recipe and its scores: a run of another key is run again. */
  readonly key: string;
  /** Held-out losses of the same key are of the same tokens. @defaultValue absent if the run failed */
  readonly comparison?: string;
  /** @defaultValue absent if the run failed, or did not measure it */
  readonly parameters?: number;
  /** @defaultValue absent if the run failed, or did not measure it */
  readonly steps?: number;
  /** @defaultValue absent if the run failed, or did not measure it */
  readonly tokens?: number;
  /** Operations of its training, with those of its optimizer, counted from its configuration. @defaultValue absent if the run failed, or did not measure it */
  readonly flops?: number;
  /** Of training. @defaultValue absent if the run failed, or did not measure it */
  readonly seconds?: number;
  /** @defaultValue absent if the run failed, or did not measure it */
  readonly heldOutLoss?: number;
  /** @defaultValue absent if the run failed, or did not measure it */
  readonly heldOutAccuracy?: number;
  /** Loss of a guess by frequency on the same tokens. @defaultValue absent if the run failed, or did not measure it */
  readonly unigramLoss?: number;
  /** Share of right answers, the median over trials, by probe. @defaultValue absent if the run failed, or did not measure it */
  readonly probes?: Readonly<Record<string, { readonly trained: number; readonly untrained: number }>>;
  /** GLUE, the trained model first. @defaultValue absent if the sweep has no GLUE, or the run failed */
  readonly glue?: readonly ScoreRow[];
  /** @defaultValue absent if the run is done */
  readonly error?: {
    readonly message: string;
    /** @defaultValue absent if the error has none */
    readonly code?: string;
  };
}

/** Names of the files in the folder of a sweep. */
export const sweepFiles = (folder: string) => ({
  /** What it is: the format, the sweep, its runs. */
  sweep: join(folder, "sweep.json"),
  results: join(folder, "results.jsonl"),
  report: join(folder, "report.html"),
});

/** In the folder of a run. */
const resultFile = (run: string): string => join(run, "sweep-result.json");

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

/** The result that a run has left, if it is of what is planned now. */
export const keptResult = async (run: PlannedRun, plan: SweepPlan): Promise<SweepResult | undefined> => {
  const kept = (await readJson(resultFile(run.folder))) as SweepResult | undefined;
  return kept?.key === keyOf(run, plan) ? kept : undefined;
};

const keyOf = ({ recipe }: PlannedRun, { sweep }: SweepPlan): string => (recipe ? runKey(recipe, sweep) : "");

/** Keeps the result of a run, and all results so far in `results.jsonl`, in the order of the plan. */
export const keepResult = async (
  result: SweepResult,
  plan: SweepPlan,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const files = sweepFiles(plan.folder);
  await writeJson(resultFile(join(plan.folder, result.id)), result);
  // Other processes may be at the same sweep: who writes the list has read all that was there.
  const unlock = await waitForLock(() => lockFolder(plan.folder, { name: "results.lock" }), { signal });
  try {
    const kept = await Promise.all(plan.runs.map((run) => keptResult(run, plan)));
    await writeFileAtomic(files.results, kept.flatMap((line) => (line ? `${JSON.stringify(line)}\n` : [])).join(""));
  } finally {
    unlock();
  }
};

/** The results of a sweep so far, in its order. */
export const readSweepResults = async (folder: string): Promise<SweepResult[]> => {
  const text = await readFile(sweepFiles(folder).results, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as SweepResult);
};
