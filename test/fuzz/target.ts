/** A parser to be tried on damaged input. */
export interface FuzzTarget {
  readonly name: string;
  /**
   * Reads one damaged input. Resolves to whether it was taken; an error says that it was refused. `folder` is its own, and empty
   * at the first call.
   */
  once(seed: number, folder: string): Promise<boolean>;
  /** Whether an error is a clear refusal. */
  isClear(error: unknown): boolean;
}

const maxSeconds = 5;
const maxMegabytes = 1500;

/** Tries one input: what is wrong with the outcome, or whether the input was taken. */
export const tryOnce = async (target: FuzzTarget, seed: number, folder: string): Promise<string | boolean> => {
  const place = `${target.name}, seed ${seed}`;
  const started = process.cpuUsage();
  let taken = false;
  try {
    taken = await target.once(seed, folder);
  } catch (error) {
    if (!target.isClear(error)) return `${place}: ${String((error as Error).stack ?? error).slice(0, 600)}`;
  }
  const { user, system } = process.cpuUsage(started);
  const seconds = (user + system) / 1e6;
  if (seconds > maxSeconds) return `${place}: ${seconds.toFixed(1)} s of processor time`;
  const megabytes = process.memoryUsage.rss() / 2 ** 20;
  return megabytes > maxMegabytes ? `${place}: ${megabytes.toFixed(0)} MB` : taken;
};
