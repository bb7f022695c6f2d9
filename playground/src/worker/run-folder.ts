import { fault, hasCode, problemOf } from "@cramkit/errors";
import { type Tokenizer, type TokenizerJson, tokenizerFromJson } from "@cramkit/tokenizer";
import type { RunSettings, TextFacts } from "../protocol.ts";
import type { Rows } from "./prepare-text.ts";
import { openSnapshot } from "./snapshot.ts";
import { readFile, removeFrom, worded, writeFile } from "./stored-file.ts";

/** A run as it lies in the browser's own file system. */
export interface StoredRun {
  settings: RunSettings;
  text: TextFacts;
  rows: Rows;
}

/** The folder of the one run that a browser keeps. */
export interface RunFolder {
  /** Begins a run: what was there goes. If it cannot be stored now, `save` tries again. */
  begin(run: StoredRun): Promise<void>;
  /** The run that is there; undefined if there is none, or it never got as far as a checkpoint. */
  open(): Promise<StoredRun | undefined>;
  /** Writes other minutes or another device over those of the run. */
  change(settings: RunSettings, text: TextFacts): Promise<void>;
  /**
   * Writes a checkpoint under a name of its own, then removes all but the last two. If the storage is full, all but the last one make
   * room for it. Writes the run itself again if somebody cleared the storage.
   */
  save(step: number, chunks: () => AsyncIterable<Uint8Array>): Promise<void>;
  /** The newest checkpoint that can be read, with what was wrong with newer ones. */
  latest(): Promise<{ snapshot: Awaited<ReturnType<typeof openSnapshot>>; damaged: string[] } | undefined>;
  forget(): Promise<void>;
}

const folderName = "run";
const checkpointName = /^step-(\d+)\.safetensors$/;
const kept = 2;
const runName = "run.json";

const has = async (folder: FileSystemDirectoryHandle, name: string): Promise<boolean> => {
  for await (const one of folder.keys()) if (one === name) return true;
  return false;
};

const text = (content: object): Uint8Array[] => [new TextEncoder().encode(JSON.stringify(content))];
const bytes = (ids: Uint16Array<ArrayBuffer>): Uint8Array[] => [
  new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength),
];

/** Opens the folder in the origin's private file system. */
export const openRunFolder = (root: () => Promise<FileSystemDirectoryHandle>): RunFolder => {
  const folder = async () => {
    try {
      return await (await root()).getDirectoryHandle(folderName, { create: true });
    } catch (error) {
      throw worded(error, folderName);
    }
  };
  const readJson = async (name: string) => JSON.parse(new TextDecoder().decode(await readFile(await folder(), name)));
  const readIds = async (name: string) => new Uint16Array((await readFile(await folder(), name)).buffer);
  const steps = async (): Promise<number[]> => {
    const found: number[] = [];
    for await (const name of (await folder()).keys()) {
      const step = checkpointName.exec(name)?.[1];
      if (step !== undefined) found.push(Number(step));
    }
    return found.sort((a, b) => b - a);
  };
  /** The run that was begun or opened: what a checkpoint needs beside it. */
  let current: StoredRun | undefined;
  const writeRun = async (target: FileSystemDirectoryHandle, { settings, text: facts, rows }: StoredRun) => {
    await writeFile(target, "tokenizer.json", text(rows.tokenizer.toJSON()));
    await writeFile(target, "training.bin", bytes(rows.training));
    await writeFile(target, "held-out.bin", bytes(rows.heldOut));
    await writeFile(target, runName, text({ settings, text: facts }));
  };
  const nameOf = (step: number) => `step-${step}.safetensors`;
  /** What cannot be removed now is tried again at the next checkpoint. */
  const removeSteps = async (target: FileSystemDirectoryHandle, old: number[]) => {
    for (const step of old) await target.removeEntry(nameOf(step)).catch(() => {});
  };
  const forget = async () => removeFrom(await root(), folderName);
  return {
    forget,
    async begin(run) {
      current = run;
      await forget();
      await writeRun(await folder(), run);
    },
    async change(settings, facts) {
      if (current) current = { ...current, settings, text: facts };
      await writeFile(await folder(), runName, text({ settings, text: facts }));
    },
    async open() {
      if ((await steps()).length === 0) return undefined;
      try {
        const { settings, text: facts } = (await readJson(runName)) as Omit<StoredRun, "rows">;
        const tokenizer: Tokenizer = tokenizerFromJson((await readJson("tokenizer.json")) as TokenizerJson);
        const rows = { tokenizer, training: await readIds("training.bin"), heldOut: await readIds("held-out.bin") };
        current = { settings, text: facts, rows };
        return current;
      } catch (error) {
        throw fault({
          code: "damaged-file",
          problem: `the run of an earlier visit cannot be read: ${problemOf(error)}`,
          remedy: "choose a text; a new run takes its place",
          cause: error,
        });
      }
    },
    async save(step, chunks) {
      const target = await folder();
      if (current && !(await has(target, runName))) await writeRun(target, current);
      try {
        await writeFile(target, nameOf(step), chunks());
      } catch (error) {
        const older = (await steps()).filter((one) => one !== step);
        if (!hasCode(error, "disk-full") || older.length < kept) throw error;
        await removeSteps(target, older.slice(1));
        await writeFile(target, nameOf(step), chunks());
      }
      await removeSteps(target, (await steps()).slice(kept));
    },
    async latest() {
      const damaged: string[] = [];
      for (const step of await steps()) {
        try {
          const snapshot = await openSnapshot(await readFile(await folder(), nameOf(step)), nameOf(step));
          return { snapshot, damaged };
        } catch (error) {
          damaged.push(problemOf(error));
        }
      }
      return undefined;
    },
  };
};
