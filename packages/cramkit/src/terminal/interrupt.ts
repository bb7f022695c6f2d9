/** What a shell reports of a process that ended at a signal. */
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGPIPE: 141 } as const;
type Name = keyof typeof exitCodes;

/** What stops the work that is going on, if it can be stopped. */
let stop: ((name: Name) => void) | undefined;

/**
 * Whoever read what the process writes is gone, as in `cramkit recipes | head -1`: what can be stopped is stopped as at
 * Ctrl-C, everything else ends without a word.
 */
export const endWithReader = (): void => {
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      if (!stop) process.exit(exitCodes.SIGPIPE);
      stop("SIGPIPE");
    });
};

/**
 * A signal that Ctrl-C, SIGTERM or a reader that is gone aborts once, so that a run can finish its step and save; at the
 * second Ctrl-C or SIGTERM the process ends at once. Call `release` when the work is done.
 */
export const interruptSignal = (say: (line: string) => void): { signal: AbortSignal; release: () => void } => {
  const controller = new AbortController();
  const onSignal = (name: Name) => {
    if (controller.signal.aborted) {
      if (name === "SIGPIPE") return; // each line that nobody reads
      process.exit(exitCodes[name]);
    }
    process.exitCode = exitCodes[name];
    controller.abort(name);
    say(`${name}: finishing the step and saving; once more ends at once, without saving`);
  };
  stop = onSignal;
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const name of signals) process.on(name, onSignal as NodeJS.SignalsListener);
  return {
    signal: controller.signal,
    release: () => {
      stop = undefined;
      for (const name of signals) process.off(name, onSignal as NodeJS.SignalsListener);
    },
  };
};
