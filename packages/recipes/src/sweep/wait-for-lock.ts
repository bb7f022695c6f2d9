import { hasCode, problemOf } from "@cramkit/errors";
import { Interrupted } from "../progress.ts";

export interface WaitOptions {
  /** Ends the wait. @defaultValue nothing does */
  readonly signal?: AbortSignal | undefined;
  /** Told once, if there is a wait. @defaultValue nobody */
  readonly say?: (line: string) => void;
  /** Which locks are waited for. @defaultValue all */
  readonly isMeant?: (error: unknown) => boolean;
}

const msBetweenTries = 500;

/** Does some work as soon as nobody else holds its lock. */
export const waitForLock = async <T>(
  work: () => Promise<T>,
  { signal, say, isMeant = () => true }: WaitOptions,
): Promise<T> => {
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await work();
    } catch (error) {
      if (!hasCode(error, "locked") || !isMeant(error)) throw error;
      if (isFirst) say?.(`${problemOf(error)}: waiting for it`);
    }
    await new Promise((turn) => setTimeout(turn, msBetweenTries));
    if (signal?.aborted) throw new Interrupted("stopped while waiting for another process; the same command goes on");
  }
};
