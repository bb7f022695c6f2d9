/** How far a stage of a run is. */
export interface StageProgress {
  readonly stage: string;
  readonly done: number;
  /** Undefined where nobody knows before the end. */
  readonly total?: number;
  /** What is counted: "documents", "rows", "% of 24 hours". */
  readonly unit: string;
  /** Speed, loss, learning rate: what else a person wants to see. */
  readonly detail?: string;
}

/** How a run talks to whoever started it, and how it is stopped. */
export interface RunContext {
  readonly onProgress: (progress: StageProgress) => void;
  /** A line worth keeping. */
  readonly say: (line: string) => void;
  /** Aborted to stop: the stage finishes what it is doing, saves what it has and throws `Interrupted`. */
  readonly signal?: AbortSignal;
}

/** The run was asked to stop and did, with everything saved. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}
