import { hasCode } from "@cramkit/errors";
import type { Checkpoints } from "@cramkit/trainer/node";
import type { Snapshot } from "../snapshot/checkpoint-format.ts";

/** Writes snapshots one after the other; if asked, while the training goes on. */
export interface Saver {
  /** Takes a snapshot and writes it; resolves when the training may go on. Throws what went wrong with the write before. */
  save(take: () => Promise<Snapshot>, score?: number): Promise<void>;
  /** Resolves when everything is on the disk. */
  settled(): Promise<void>;
  /** The same; false if the file system would not have it, which then is to be made up for. */
  isWritten(): Promise<boolean>;
}

/** Whether an error comes from the file system, such as a full disk: it may go away, and no tensor is the worse for it. */
export const isFileError = (error: unknown): boolean =>
  hasCode(error, "disk-full", "read-only", "refused", "exists", "not-found") ||
  typeof (error as NodeJS.ErrnoException).errno === "number";

export interface SaverOptions {
  readonly checkpoints: Checkpoints<Snapshot>;
  /** Does not wait for the disk: if a device trains on meanwhile. */
  readonly background: boolean;
  /** Told how long a checkpoint took, from the first tensor read to the last byte on the disk. */
  readonly onWritten: (ms: number) => void;
  /**
   * Before each: makes the run's folder again if somebody removed it.
   *
   * @defaultValue nothing is done
   */
  readonly restore?: () => Promise<void>;
}

export const createSaver = ({ checkpoints, background, onWritten, restore = async () => {} }: SaverOptions): Saver => {
  let writing: Promise<void> = Promise.resolve();
  const settled = async () => {
    const current = writing;
    writing = Promise.resolve(); // an error is thrown once
    await current;
  };
  return {
    settled,
    async isWritten() {
      try {
        await settled();
        return true;
      } catch (error) {
        if (isFileError(error)) return false;
        throw error;
      }
    },
    async save(take, score) {
      await settled();
      const startedAt = performance.now();
      const snapshot = await take();
      const write = async () => {
        await restore();
        await checkpoints.write(snapshot, { microbatch: snapshot.progress.microbatch, score });
        onWritten(performance.now() - startedAt);
      };
      writing = write();
      writing.catch(() => {}); // whoever waits for it gets it
      if (!background) await settled();
    },
  };
};
