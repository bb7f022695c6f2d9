import { fault, problemOf } from "@cramkit/errors";
import { type Tokenizer, type TokenizerJson, tokenizerFromJson } from "@cramkit/tokenizer";
import type { RunSettings, TextFacts } from "../protocol.ts";
import type { Rows } from "./prepare-text.ts";
import { openSnapshot } from "./snapshot.ts";

/** A run as it lies in the browser's own file system. */
export interface StoredRun {
  settings: RunSettings;
  text: TextFacts;
  rows: Rows;
}

/** The folder of the one run that a browser keeps. */
export interface RunFolder {
  /** Begins a run: what was there goes. */
  begin(run: StoredRun): Promise<void>;
  /** The run that is there; undefined if there is none, or it never got as far as a checkpoint. */
  open(): Promise<StoredRun | undefined>;
  /** Writes other minutes or another device over those of the run. */
  change(settings: RunSettings, text: TextFacts): Promise<void>;
  /** Writes a checkpoint under a name of its own, then removes all but the last two. */
  save(step: number, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** The newest checkpoint that can be read, with what was wrong with newer ones. */
  latest(): Promise<{ snapshot: Awaited<ReturnType<typeof openSnapshot>>; damaged: string[] } | undefined>;
  forget(): Promise<void>;
}

const folderName = "run";
const checkpointName = /^step-(\d+)\.safetensors$/;
const kept = 2;

/** Writes a file that appears with all of its content, or not at all: what a stream holds takes its place on `close`. */
const writeFile = async (
  folder: FileSystemDirectoryHandle,
  name: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> => {
  const file = await folder.getFileHandle(name, { create: true });
  const stream = await file.createWritable();
  try {
    for await (const chunk of chunks) await stream.write(chunk as Uint8Array<ArrayBuffer>);
    await stream.close();
  } catch (error) {
    await stream.abort().catch(() => {});
    throw error instanceof DOMException && error.name === "QuotaExceededError"
      ? fault({
          code: "disk-full",
          place: name,
          problem: "the browser gives this page no more storage",
          remedy: "free some, or download the model before you leave the page",
          cause: error,
        })
      : error;
  }
};

const readFile = async (folder: FileSystemDirectoryHandle, name: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await (await (await folder.getFileHandle(name)).getFile()).arrayBuffer());

const text = (content: object): Uint8Array[] => [new TextEncoder().encode(JSON.stringify(content))];
const bytes = (ids: Uint16Array<ArrayBuffer>): Uint8Array[] => [
  new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength),
];

/** Opens the folder in the origin's private file system. */
export const openRunFolder = (root: () => Promise<FileSystemDirectoryHandle>): RunFolder => {
  const folder = async () => (await root()).getDirectoryHandle(folderName, { create: true });
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
  const nameOf = (step: number) => `step-${step}.safetensors`;
  const forget = async () => {
    try {
      await (await root()).removeEntry(folderName, { recursive: true });
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "NotFoundError")) throw error;
    }
  };
  return {
    forget,
    async begin({ settings, text: facts, rows }) {
      await forget();
      const target = await folder();
      await writeFile(target, "tokenizer.json", text(rows.tokenizer.toJSON()));
      await writeFile(target, "training.bin", bytes(rows.training));
      await writeFile(target, "held-out.bin", bytes(rows.heldOut));
      await writeFile(target, "run.json", text({ settings, text: facts }));
    },
    async change(settings, facts) {
      await writeFile(await folder(), "run.json", text({ settings, text: facts }));
    },
    async open() {
      if ((await steps()).length === 0) return undefined;
      const { settings, text: facts } = (await readJson("run.json")) as Omit<StoredRun, "rows">;
      const tokenizer: Tokenizer = tokenizerFromJson((await readJson("tokenizer.json")) as TokenizerJson);
      const rows = { tokenizer, training: await readIds("training.bin"), heldOut: await readIds("held-out.bin") };
      return { settings, text: facts, rows };
    },
    async save(step, chunks) {
      const target = await folder();
      await writeFile(target, nameOf(step), chunks);
      for (const old of (await steps()).slice(kept)) await target.removeEntry(nameOf(old));
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
