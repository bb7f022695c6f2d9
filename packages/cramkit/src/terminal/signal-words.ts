/** The words that the thread of `signal-thread.ts` shares with the main one. */
export const signalWords = {
  /** Ctrl-Cs that were heard. */
  HEARD: 0,
  /** Ctrl-Cs that the main thread has dealt with. */
  ANSWERED: 1,
  /** 1 once the thread has told the user itself. */
  TOLD: 2,
  /** Bytes of the line to tell; 0 if there is no work that can be stopped. */
  LINE: 3,
  /** Never changes: what the thread waits for. */
  NEVER: 4,
} as const;

/** Bytes of the line to tell, at most. */
export const lineBytes = 1024;
