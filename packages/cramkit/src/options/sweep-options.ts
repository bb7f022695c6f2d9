import { join } from "node:path";
import { fault } from "@cramkit/errors";
import {
  isGlueSetting,
  type PlanOptions,
  type RunContext,
  type Sweep,
  type SweepOptions,
  setGlue,
} from "@cramkit/recipes";
import { type Command, InvalidArgumentError, Option } from "commander";
import { preparedDataOf } from "./recipe-options.ts";
import { wholeNumber } from "./whole-number.ts";

/** Options of every command that does many runs. */
export interface SweepCommandOptions {
  /** @defaultValue none */
  readonly set?: string[];
  /** @defaultValue as the sweep has it */
  readonly budget?: string;
  /** @defaultValue as the sweep has it */
  readonly seeds?: number[];
  /** @defaultValue as the sweep has it */
  readonly glue?: string;
  /** @defaultValue `runs/NAME` */
  readonly dir?: string;
  /** @defaultValue `runs/prepared` */
  readonly data?: string;
  /** @defaultValue the runs are done */
  readonly plan?: true;
  /** @defaultValue all runs */
  readonly task?: number;
  /** @defaultValue all runs */
  readonly of?: number;
  /** @defaultValue they are tried again */
  readonly skipFailed?: true;
  /** @defaultValue refused */
  readonly allowSoftware?: true;
  /** @defaultValue prepared data is used */
  readonly fresh?: true;
  /** @defaultValue changed text is an error */
  readonly reuse?: true;
}

/** Adds the options of a sweep. */
export const withSweep = (command: Command): Command =>
  command
    .option("--budget <budget>", 'budget of every run, such as "10 minutes" or "2000 steps"')
    .option(
      "--set <key=value>",
      'change a setting of every run, or of --glue, such as glue.tasks=["sst2"] (repeatable)',
      (value, all: string[] = []) => [...all, value],
    )
    .option("--seeds <list>", "seeds of every variant, such as 1,2,3", seedList)
    .option("--glue <folder>", "finetune each model on the GLUE tasks in this folder")
    .option("--dir <folder>", "folder of the runs, their results and the report (default: runs/NAME)")
    .option("--data <folder>", "folder of prepared data, shared by runs (default: runs/prepared)")
    .option("--plan", "show what would be run, the time and the disk space it needs, and run nothing")
    .option("--task <number>", "run this part only; other processes may run the others", wholeNumber(1, 1e6))
    .option("--of <count>", "number of parts", wholeNumber(1, 1e6))
    .option("--skip-failed", "do not try again what failed before")
    .option("--allow-software", "accept a software WebGPU adapter (correct but slow)")
    .addOption(new Option("--fresh", "prepare the text again even if it is prepared").conflicts(["reuse", "of"]))
    .addOption(new Option("--reuse", "use the prepared rows even if their text has changed since"));

const seedList = (text: string): number[] => {
  const seeds = text.split(",").map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN));
  if (seeds.every((seed) => Number.isSafeInteger(seed)) && new Set(seeds).size === seeds.length) return seeds;
  throw new InvalidArgumentError("expected different whole numbers with commas between, as in 1,2,3");
};

/** Where a sweep of this name lives, and what is changed in all of it. */
export const planOptionsOf = (name: string, { dir, data, set = [], budget }: SweepCommandOptions): PlanOptions => ({
  folder: dir ?? join("runs", name),
  dataFolder: data ?? join("runs", "prepared"),
  set: recipeSettings({ budget, set }),
});

/** Settings of the recipe, as `applySettings` takes them. */
export const recipeSettings = ({ budget, set = [] }: Pick<SweepCommandOptions, "budget" | "set">): string[] => [
  ...(budget === undefined ? [] : [`training.budget=${budget}`]),
  ...set.filter((setting) => !isGlueSetting(setting)),
];

/** The sweep, finetuned as the command asks. */
export const finetuned = (sweep: Sweep, { glue, set = [] }: Pick<SweepCommandOptions, "glue" | "set">): Sweep =>
  setGlue(sweep, [...(glue === undefined ? [] : [`glue.data=${JSON.stringify(glue)}`]), ...set.filter(isGlueSetting)]);

/** The same with these seeds in place of its own. Its data stay those of `dataSeed`, so its results can join those of other seeds. */
export const seeded = (sweep: Sweep, dataSeed: number, seeds?: readonly number[]): Sweep => {
  if (!seeds) return sweep;
  const { set } = sweep;
  return {
    ...sweep,
    set: Array.isArray(set) ? [`corpus.seed=${dataSeed}`, ...set] : { "corpus.seed": dataSeed, ...set },
    seeds: [...seeds],
  };
};

/** Which part of it this process does, and how. */
export const partOf = ({ task, of, skipFailed, allowSoftware }: SweepCommandOptions): SweepOptions => {
  if ((task === undefined) !== (of === undefined))
    throw fault({
      code: "invalid-input",
      place: "sweep",
      problem: `expected --task and --of together, got --${task === undefined ? "of" : "task"} alone`,
      remedy: "give both, or neither",
      type: RangeError,
    });
  return { task, of, skipFailed, allowSoftware };
};

/** What becomes of data that is prepared already. */
export const dataOf = (options: SweepCommandOptions): RunContext["preparedData"] => preparedDataOf(options);
