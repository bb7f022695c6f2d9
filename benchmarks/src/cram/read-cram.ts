import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { TrialResult } from "@cramkit/glue";
import { readResults as readTrials } from "@cramkit/glue/node";
import { type RunRecord, readRun } from "@cramkit/recipes";
import type { Measurement, RunHeader } from "../measure/record.ts";
import { measurementsOf, readResults, runsOf } from "../measure/results-file.ts";
import { type CramRecord, cramFiles, type GluePlan, jsonIn } from "./files.ts";

/** Networks that were finetuned, by the names of their folders. */
export const networks = ["trained", "untrained", "pytorch"] as const;

/** What a cram has found out about a recipe, as far as it came. */
export interface RecipeFindings {
  recipe: string;
  run?: RunRecord;
  plan?: GluePlan;
  trials: Record<(typeof networks)[number], TrialResult[]>;
}

/** All that the folder of a cram holds. */
export interface Cram extends CramRecord {
  header?: RunHeader;
  ceilings: Measurement[];
  findings: RecipeFindings[];
}

const orNothing = async <Value>(reading: Promise<Value>): Promise<Value | undefined> => {
  try {
    return await reading;
  } catch {
    return undefined; // what a part has not left, or has left half, is not a reason to lose the rest of the report
  }
};

const findingsOf = async (folder: string, recipe: string): Promise<RecipeFindings> => {
  const files = cramFiles(folder);
  const trialsOf = async (name: string) => (await orNothing(readTrials(join(files.glue(recipe), name)))) ?? [];
  const run = await orNothing(readRun(files.run(recipe)));
  const plan = await orNothing(jsonIn<GluePlan>(files.gluePlan(recipe)));
  return {
    recipe,
    ...(run && { run }),
    ...(plan && { plan }),
    trials: {
      trained: await trialsOf("trained"),
      untrained: await trialsOf("untrained"),
      pytorch: await trialsOf("pytorch"),
    },
  };
};

/** Reads what the parts of a cram have left so far. */
export const readCram = async (folder: string): Promise<Cram> => {
  const files = cramFiles(folder);
  const record = await jsonIn<CramRecord>(files.record);
  if (record === undefined) throw new Error(`${folder}: expected the folder of a cram, found no cram.json in it`);
  const names = (await orNothing(readdir(files.ceilings, { recursive: true }))) ?? [];
  const file = names.find((name) => name.endsWith(".jsonl"));
  const lines = file === undefined ? [] : ((await orNothing(readResults(join(files.ceilings, file)))) ?? []);
  const header = runsOf(lines)[0]?.header;
  return {
    ...record,
    ...(header && { header }),
    ceilings: measurementsOf(lines),
    findings: await Promise.all(record.options.recipes.map((recipe) => findingsOf(folder, recipe))),
  };
};
