import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { GlueName } from "@cramkit/glue";
import type { CramOptions } from "./plan.ts";

/** How a part went. */
export interface PartOutcome {
  name: string;
  outcome: "done" | "failed" | "stopped" | "skipped" | "interrupted";
  seconds: number;
  /** Why, if it is not done. */
  message?: string;
}

/** The record of a cram, written anew after every part. */
export interface CramRecord {
  date: string;
  options: CramOptions;
  parts: PartOutcome[];
}

/** What of GLUE was found to fit, one after the other: the other networks get the same. */
export interface GluePlan {
  groups: {
    tasks: GlueName[];
    /** Of each task; null if all of them fit. */
    examples: number | null;
  }[];
}

/** Settings that rows were prepared with: a run on them needs the same. */
export interface RowsDescription {
  recipe: string;
  settings: string[];
}

/** Names of the files in the folder of a cram. */
export const cramFiles = (folder: string) => ({
  record: join(folder, "cram.json"),
  report: join(folder, "report.md"),
  ceilings: join(folder, "ceilings"),
  run: (recipe: string) => join(folder, "runs", recipe),
  glue: (recipe: string) => join(folder, "glue", recipe),
  gluePlan: (recipe: string) => join(folder, "glue", recipe, "plan.json"),
});

/** In a folder of prepared rows. */
export const rowsFile = (prepared: string): string => join(prepared, "cram-rows.json");

/** Parsed JSON of a file; undefined if it is not there. */
export const jsonIn = async <Value>(file: string): Promise<Value | undefined> => {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Value;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
};
