import type { Communicator } from "@cramkit/parallel";

/** How far a stage of a run is. */
export interface StageProgress {
  readonly stage: string;
  readonly done: number;
  /**
   * How much there is to do, in the unit of `done`.
   *
   * @defaultValue unknown before the end
   */
  readonly total?: number;
  /** What is counted: "documents", "rows", "% of 24 hours". */
  readonly unit: string;
  /**
   * Loss, speed, learning rate: what else a person wants to see, most important first, with two spaces between.
   *
   * @defaultValue nothing
   */
  readonly detail?: string;
}

/** How a run talks to whoever started it, and how it is stopped. */
export interface RunContext {
  readonly onProgress: (progress: StageProgress) => void;
  /** A line worth keeping. */
  readonly say: (line: string) => void;
  /**
   * What becomes of prepared data: "fresh" makes it anew, "reuse" takes it even if its text has changed since.
   * @defaultValue it is used as long as its text is unchanged; a change is an error
   */
  readonly preparedData?: "fresh" | "reuse";
  /**
   * Aborted to stop: the stage finishes what it is doing, saves what it has and throws `Interrupted`.
   *
   * @defaultValue never stopped
   */
  readonly signal?: AbortSignal;
  /**
   * Whether `signal` is about to be aborted, for code that blocks the event loop: asked between two operations of a microbatch
   * on the CPU backend. If so the microbatch is given up, and the state before it is saved. Not for several ranks.
   *
   * @defaultValue a microbatch is always finished
   */
  readonly isStopping?: () => boolean;
  /**
   * The ranks of a job that train together, from `startParallel`. All call the same function with the same recipe; rank 0
   * alone writes, and the others should be given an `onProgress` and a `say` that do nothing.
   *
   * @defaultValue a run of one rank
   */
  readonly ranks?: Communicator;
}

/** The run was asked to stop and did, with everything saved. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** Between two turns of the event loop, in which signals are heard. */
const msBetweenTurns = 100;

/**
 * A point at which long work can be stopped: call it again and again. Lets signals, timers and sockets have their turn, and
 * throws `Interrupted` if the run was asked to stop; `kept` says what there is to go on from.
 */
export const stopPoint = ({ signal }: Pick<RunContext, "signal">, kept: string): (() => Promise<void>) => {
  let last = performance.now();
  return async () => {
    if (performance.now() - last > msBetweenTurns) {
      await new Promise((turn) => setTimeout(turn));
      last = performance.now();
    }
    if (signal?.aborted) throw new Interrupted(kept);
  };
};
