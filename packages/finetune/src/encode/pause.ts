const msBetweenTurns = 50;

/** A point at which long work lets timers, signals and the page have their turn, and ends if the signal is aborted. */
export const createPause = (signal: AbortSignal | undefined): (() => Promise<void>) => {
  let last = performance.now();
  return async () => {
    if (performance.now() - last > msBetweenTurns) {
      await new Promise((turn) => setTimeout(turn));
      last = performance.now();
    }
    signal?.throwIfAborted();
  };
};
