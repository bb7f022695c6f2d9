import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fault } from "@cramkit/errors";
import { nameInside, removeLeftovers, writeFileAtomic } from "@cramkit/files";
import type { PackPosition } from "../pack-rows.ts";
import type { DocumentsDigest } from "./documents-digest.ts";
import { type Json, manifestName, manifestVersion, type ShardEntry } from "./manifest.ts";
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
  /**
   * Digest of the documents before `position`.
   * @defaultValue none: no document has been packed
   */
  documents?: DocumentsDigest;
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

export const loadPreparation = async (folder: string, key: string): Promise<Preparation | undefined> => {
  const path = join(folder, preparationFolder, stateName);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const state = parsePreparation(folder, path, text);
  if (state.version !== manifestVersion)
    throw fault({
      code: "version-mismatch",
      place: folder,
      problem: `expected an empty folder or an unfinished preparation of version ${manifestVersion}, got one of version ${state.version}`,
      remedy: "prepare in another folder, or finish this one with the version that began it",
    });
  if (state.key !== key)
    throw fault({
      code: "exists",
      place: folder,
      problem: `expected an empty folder or a preparation with key ${key}, got an unfinished one with key ${state.key}`,
      remedy: "finish it with its own configuration, choose another folder or remove this one",
    });
  return state;
};

/** A preparation names files that it deletes: they are its own, or it is damaged. */
const parsePreparation = (folder: string, path: string, text: string): Preparation => {
  const damaged = (problem: string, cause?: unknown) =>
    fault({ code: "damaged-file", place: path, problem, remedy: `remove ${folder} and prepare again`, cause });
  let state: Preparation;
  try {
    state = JSON.parse(text);
  } catch (cause) {
    throw damaged(`expected JSON, got ${text.length} characters of something else`, cause);
  }
  if (!Array.isArray(state?.runs) || !Array.isArray(state.shards))
    throw damaged("expected the state of a preparation, got something else");
  for (const { file } of [...state.runs, ...state.shards]) nameInside(folder, file, path);
  return state;
};

/** Removes what a preparation that was killed between its manifest and its clean-up left; nothing if it has no manifest. */
export const removeFinishedPreparation = async (folder: string): Promise<void> => {
  const isFinished = await readFile(join(folder, manifestName)).then(
    () => true,
    () => false,
  );
  if (!isFinished) return;
  await rm(join(folder, preparationFolder), { recursive: true, force: true });
  await removeLeftovers(folder);
};

export const savePreparation = async (folder: string, state: Preparation): Promise<void> => {
  await writeFileAtomic(join(folder, preparationFolder, stateName), JSON.stringify(state));
};
