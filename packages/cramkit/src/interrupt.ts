/** What a shell reports of a process that ended at a signal. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * A signal that Ctrl-C or SIGTERM aborts once, so that a run can finish its step and save; the second time the process
 * ends at once. Call `release` when the work is done.
 */
export const interruptSignal = (say: (line: string) => void): { signal: AbortSignal; release: () => void } => {
  const controller = new AbortController();
  const onSignal = (name: keyof typeof exitCodes) => {
    if (controller.signal.aborted) process.exit(exitCodes[name]);
    process.exitCode = exitCodes[name];
    controller.abort(name);
    say(`${name}: finishing the step and saving; once more ends at once, without saving`);
  };
  const signals = Object.keys(exitCodes) as (keyof typeof exitCodes)[];
  for (const name of signals) process.on(name, onSignal as NodeJS.SignalsListener);
  return {
    signal: controller.signal,
    release: () => {
      for (const name of signals) process.off(name, onSignal as NodeJS.SignalsListener);
    },
  };
};
