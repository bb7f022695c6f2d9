import type { SweepOutlook, SweepPlan } from "@cramkit/recipes";
import { bytes } from "../report/format.ts";
import { duration } from "../terminal/progress.ts";

/** Longer than this is worth a word before it begins. */
const day = 86_400;

/** A plan that a person can judge: every run, what is done, the time and the disk of the rest, and what speaks against it. */
export const showPlan = (plan: SweepPlan, { mine, open, kept, estimate, isLeast }: SweepOutlook): string => {
  const { runs, sweep, folder } = plan;
  const about = isLeast ? "at least" : "about";
  const isOpen = new Map(open.map(({ id }, index) => [id, index]));
  const mineIds = new Set(mine.map(({ id }) => id));
  const state = (run: (typeof runs)[number]): string => {
    if (run.problem !== undefined) return `cannot run: ${run.problem}`;
    const at = isOpen.get(run.id);
    const result = kept.get(run.id);
    const before = result?.status === "failed" ? `failed before: ${result.error?.message}` : result?.status;
    if (at === undefined) return before ?? (mineIds.has(run.id) ? "" : "another task's");
    const seconds = estimate.seconds[at];
    return [seconds === undefined ? "time unknown" : `${about} ${duration(seconds)}`, before]
      .filter(Boolean)
      .join("; ");
  };
  const width = Math.min(60, Math.max(...runs.map(({ variant }) => variant.length)));
  const lines = runs.map(
    (run) => `  ${run.variant.padEnd(width)}  seed ${run.seed}  ${run.recipe?.training.budget ?? ""}  ${state(run)}`,
  );
  const sets = new Set(runs.flatMap(({ data }) => data ?? [])).size;
  const { totalSeconds, unknownSources } = estimate;
  const time = totalSeconds === undefined ? "unknown time" : `${about} ${duration(totalSeconds)}`;
  return [
    `${sweep.name}: ${runs.length} runs on ${sets} prepared ${sets === 1 ? "set" : "sets"} of data, in ${folder}`,
    ...lines,
    `${open.length} to do${mine.length < runs.length ? ` of the ${mine.length} of this task` : ""}: training ${time}, without preparing and evaluating; disk about ${bytes(estimate.bytes)} of ${bytes(estimate.freeBytes)} free${unknownSources > 0 ? ", without text of unknown size" : ""}`,
    ...planWarnings(estimate),
  ].join("\n");
};

const planWarnings = ({ totalSeconds, bytes: needed, freeBytes }: SweepOutlook["estimate"]): string[] => [
  ...((totalSeconds ?? 0) > day
    ? [
        `warning: this is longer than a day (${duration(totalSeconds!)} of training); it can be stopped and resumed, or dealt out with --task and --of`,
      ]
    : []),
  ...(needed > freeBytes
    ? [
        `warning: the disk has ${bytes(freeBytes)} free and this needs about ${bytes(needed)}; use --dir and --data on another one`,
      ]
    : []),
];
