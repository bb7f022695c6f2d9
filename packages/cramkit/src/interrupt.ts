/**
 * A signal that Ctrl-C or SIGTERM aborts once, so that a run can finish its step and save; the second time the process
 * ends at once. Call `release` when the work is done.
 */
export const interruptSignal = (say: (line: string) => void): { signal: AbortSignal; release: () => void } => {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(name);
    say(`${name}: finishing the step and saving; once more ends at once, without saving`);
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    release: () => {
      for (const name of signals) process.off(name, onSignal);
    },
  };
};
