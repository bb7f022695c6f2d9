import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { codeOf, hasCode, isFault, problemOf } from "@cramkit/errors";
import { changedProtocol, protocols } from "@cramkit/glue";
import { startCompute } from "../compute.ts";
import { runGlue } from "../evaluate/glue.ts";
import { prepare } from "../prepare/prepare.ts";
import { Interrupted, type RunContext } from "../progress.ts";
import { runRecipe } from "../run/run.ts";
import { runFiles } from "../run-record.ts";
import type { SweepResult } from "./kept-results.ts";
import type { PlannedRun, SweepPlan } from "./plan.ts";
import { failureOf, keepResult, resultOf, writeResults } from "./results.ts";
import { type SweepOptions, sweepState } from "./survey.ts";
import { waitForLock } from "./wait-for-lock.ts";

/**
 * Does the runs of a part of a sweep, one after the other, and keeps what each came to in `results.jsonl` of its folder. What is
 * done is not done again; a run that fails is kept with its reason, and the others go on. Several processes may be at one sweep:
 * prepared data is made by one of them while the others wait, and a run that another process is at is left to it.
 *
 * @returns the results of this part, in the order of the plan, without what was left to others
 * @throws Interrupted if it was asked to stop; the same call goes on
 */
export const runSweep = async (plan: SweepPlan, options: SweepOptions, context: RunContext): Promise<SweepResult[]> => {
  const { mine, open, kept } = await sweepState(plan, options);
  const { folder } = plan;
  await writeResults(plan, context.signal);
  const results = new Map(kept);
  const keep = async (result: SweepResult): Promise<void> => {
    results.set(result.id, result);
    await keepResult(result, plan, context.signal);
  };
  for (const run of mine)
    if (run.problem !== undefined) await keep(failureOf(run, plan, { message: run.problem, code: "invalid-input" }));
  if (plan.filter && open.length > 0) await prepareFilter(plan, context);
  const prepared = new Set<string>();
  for (const [at, run] of open.entries()) {
    context.say(`run ${at + 1} of ${open.length}: ${run.variant}, seed ${run.seed}`);
    // "fresh" prepares each set anew, and once.
    const preparedData = context.preparedData === "fresh" && prepared.has(run.data!) ? undefined : context.preparedData;
    prepared.add(run.data!);
    try {
      await doRun(run, plan, options, { ...context, preparedData });
      await keep(await resultOf(run, plan));
    } catch (error) {
      if (error instanceof Interrupted || context.signal?.aborted)
        throw new Interrupted(`stopped; what is done is kept in ${folder}, the same command goes on`);
      if (hasCode(error, "locked")) {
        context.say(
          `${run.variant}, seed ${run.seed}: left to the process that is working on it (${problemOf(error)})`,
        );
        continue;
      }
      const message = isFault(error) ? error.message : problemOf(error);
      context.say(`${run.variant}, seed ${run.seed}: failed: ${message}`);
      await keep(failureOf(run, plan, { message, code: codeOf(error) }));
    }
  }
  return mine.flatMap(({ id }) => results.get(id) ?? []);
};

/** One run, from its data to its scores. */
const doRun = async (run: PlannedRun, plan: SweepPlan, options: SweepOptions, context: RunContext): Promise<void> => {
  const { allowSoftware } = options;
  const { sweep, dataFolder } = plan;
  const recipe = run.recipe!;
  const { signal, say } = context;
  await waitForLock(() => runRecipe(recipe, { folder: run.folder, dataFolder, allowSoftware }, context), {
    signal,
    say,
    isMeant: isOf(run.data!),
  });
  if (sweep.glue) await scoreOnGlue(run, sweep.glue, options, context);
  if (!sweep.keepCheckpoints) await rm(runFiles(run.folder).checkpoints, { recursive: true, force: true });
};

/** Whether a lock is that of a folder. */
const isOf =
  (folder: string) =>
  (error: unknown): boolean => {
    const { lock } = (error as { details?: { lock?: unknown } }).details ?? {};
    return typeof lock === "string" && resolve(lock).startsWith(resolve(folder));
  };

const scoreOnGlue = async (
  { folder, recipe, seed }: PlannedRun,
  glue: NonNullable<SweepPlan["sweep"]["glue"]>,
  { allowSoftware }: SweepOptions,
  context: RunContext,
): Promise<void> => {
  const { data, tasks, protocol, trials, epochs, learningRate, batchSize, trainExamples, untrained } = glue;
  const changes = {
    trials: trials ?? undefined,
    epochs: epochs ?? undefined,
    learningRate: learningRate ?? undefined,
    batchSize: batchSize ?? undefined,
  };
  const compute = await startCompute(recipe!.backend, { allowSoftware });
  try {
    await runGlue(
      {
        model: runFiles(folder).model,
        data,
        tasks: tasks ?? undefined,
        trainExamples: trainExamples ?? undefined,
        protocol: changedProtocol(protocols[protocol], changes),
        seed,
        results: runFiles(folder).glue,
        untrained,
        tests: false,
        allowMoreEpochs: epochs !== null,
      },
      compute,
      context,
    );
  } finally {
    await compute.dispose();
  }
};

/** Makes the tokenizer that filters the text of all runs. */
const prepareFilter = async ({ filter, dataFolder }: SweepPlan, context: RunContext): Promise<void> => {
  const { close } = await waitForLock(() => prepare(filter!, dataFolder, context), context);
  close();
};
