import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PackPosition } from "../pack-rows.ts";
import { writeFileAtomically } from "./atomic-file.ts";
import { type Json, manifestVersion, type ShardEntry } from "./manifest.ts";
import type { Run } from "./row-layout.ts";

/** The folder inside of a prepared set that holds the state and the temporary files of an unfinished preparation. */
export const preparationFolder = "preparing";

/** What of a preparation is finished. Written after each finished file: an interrupted preparation goes on from here. */
export interface Preparation {
  version: typeof manifestVersion;
  key: string;
  position: PackPosition;
  /** What the caller noted down about the documents before `position`. */
  notes: Json;
  /** All documents are packed. */
  packed: boolean;
  droppedTokens: number;
  droppedRows: number;
  /** Temporary files, in the order of their rows. */
  runs: Run[];
  /** Rows that have gone from each run into shards. */
  consumed: number[];
  shards: ShardEntry[];
  /** Number of the next temporary file. */
  nextRun: number;
}

const stateName = "state.json";

export async function loadPreparation(directory: string, key: string): Promise<Preparation | undefined> {
  const path = join(directory, preparationFolder, stateName);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const state = JSON.parse(text) as Preparation;
  if (state.version !== manifestVersion)
    throw new Error(
      `writePreparedSet: expected ${directory} to be empty or an unfinished preparation of version ${manifestVersion}, got one of version ${state.version}; prepare in another folder, or finish this one with the version that began it`,
    );
  if (state.key !== key)
    throw new Error(
      `writePreparedSet: expected ${directory} to be empty or a preparation with key ${key}, got an unfinished one with key ${state.key}; finish it with its own configuration, choose another folder or remove this one`,
    );
  return state;
}

export async function savePreparation(directory: string, state: Preparation): Promise<void> {
  await writeFileAtomically(join(directory, preparationFolder, stateName), JSON.stringify(state));
}
