import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fault, isFault, shown } from "@cramkit/errors";
import { unsealed } from "@cramkit/files";
import type { ScoreRow } from "@cramkit/glue";
import { readRecord } from "../run-record.ts";
import { type PlannedRun, runKey, type SweepPlan } from "./plan.ts";

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

/** `sweep.json` in the folder of a sweep. */
export interface SweepRecord {
  readonly format: number;
  readonly sweep: SweepPlan["sweep"];
  readonly runs: readonly Omit<PlannedRun, "recipe" | "folder" | "data">[];
}

/** Names of the files in the folder of a sweep. */
export const sweepFiles = (folder: string) => ({
  /** What it is: the format, the sweep, its runs. */
  sweep: join(folder, "sweep.json"),
  results: join(folder, "results.jsonl"),
  report: join(folder, "report.html"),
});

/** In the folder of a run. */
export const resultFile = (run: string): string => join(run, "sweep-result.json");

/** The result that a run has left, if it is of what is planned now. */
export const keptResult = async (run: PlannedRun, plan: SweepPlan): Promise<SweepResult | undefined> => {
  const kept = await readRecord<SweepResult>(resultFile(run.folder), "delete it: the sweep writes it again");
  return kept?.key === keyOf(run, plan) ? kept : undefined;
};

/** Tells what a run is of now from what it was of: empty if it cannot be run. */
export const keyOf = ({ recipe }: PlannedRun, { sweep }: SweepPlan): string => (recipe ? runKey(recipe, sweep) : "");

/** The runs whose results lie in the folder of a sweep, by their folders' names: also those of earlier plans. */
export const runsWithResults = async (folder: string): Promise<string[]> => {
  const inside = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const names = inside.filter((one) => one.isDirectory()).map(({ name }) => name);
  const kept = await Promise.all(names.map((name) => isFile(resultFile(join(folder, name)))));
  return names.filter((_, at) => kept[at]).sort();
};

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

/** The results of a sweep so far, in its order. */
export const readSweepResults = async (folder: string): Promise<SweepResult[]> => {
  const text = await readFile(sweepFiles(folder).results, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const { results } = sweepFiles(folder);
  const remedy = "the same `cramkit sweep` command writes the file again";
  return text.split("\n").flatMap((line, at) => {
    if (line === "") return [];
    const place = `${results}:${at + 1}`;
    try {
      return [unsealed<SweepResult>(JSON.parse(line), place, remedy)];
    } catch (cause) {
      if (isFault(cause)) throw cause;
      throw fault({
        code: "damaged-file",
        place,
        problem: `expected a JSON object, got ${shown(line)}`,
        remedy,
        cause,
      });
    }
  });
};
