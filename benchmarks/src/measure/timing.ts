import type { Spread } from "./record.ts";

/** Something to be timed: called many times in a row, then waited for. */
export interface Timed {
  run(): unknown;
  /** Milliseconds of one call by a clock of its own (device timestamps), or undefined if that clock has none. */
  deviceMs?(): Promise<number | undefined>;
}

export interface TimingOptions {
  samples: number;
  /** Calls are repeated until a sample takes this long. */
  sampleMs: number;
  warmUpMs: number;
  /** No sample begins after so long, but three are always taken. */
  limitMs: number;
  /** Waits until the device has done what it was given. */
  sync(): Promise<void>;
}

export interface Times {
  ms: number[];
  clock: "device" | "host";
}

/** Milliseconds of single calls, the contestants taking turns so that a busy machine is busy for all of them. */
export const interleave = async (contestants: readonly Timed[], options: TimingOptions): Promise<Times[]> => {
  const entries: { timed: Timed; calls: number; times: Times }[] = [];
  for (const timed of contestants) {
    const calls = await warmUp(timed, options);
    const clock = (await timed.deviceMs?.()) === undefined ? "host" : "device";
    entries.push({ timed, calls, times: { ms: [], clock } });
  }
  const startedAt = performance.now();
  for (let sample = 0; sample < options.samples; sample++) {
    if (sample >= 3 && performance.now() - startedAt > options.limitMs) break;
    // Whoever goes first changes from sample to sample.
    for (let i = 0; i < entries.length; i++) {
      const { timed, calls, times } = entries[(i + sample) % entries.length]!;
      times.ms.push(
        times.clock === "device" ? (await timed.deviceMs!())! : (await timeCalls(timed, calls, options.sync)) / calls,
      );
    }
  }
  return entries.map(({ times }) => times);
};

const timeCalls = async (timed: Timed, calls: number, sync: () => Promise<void>): Promise<number> => {
  const start = performance.now();
  for (let i = 0; i < calls; i++) {
    const pending = timed.run();
    if (pending instanceof Promise) await pending;
  }
  await sync();
  return performance.now() - start;
};

/** Returns how many calls make a sample. */
const warmUp = async (timed: Timed, { sampleMs, warmUpMs, sync }: TimingOptions): Promise<number> => {
  let [calls, total] = [1, 0];
  for (;;) {
    const ms = await timeCalls(timed, calls, sync);
    total += ms;
    if (ms >= sampleMs || calls >= 2 ** 24) {
      if (total >= warmUpMs) return calls;
    } else calls = Math.max(calls + 1, Math.min(calls * 10, Math.ceil((1.2 * calls * sampleMs) / Math.max(ms, 0.001))));
  }
};

/** Percentiles with linear interpolation. */
export const spread = (values: readonly number[]): Spread => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q: number): number => {
    const place = q * (sorted.length - 1);
    const low = Math.floor(place);
    const [a, b] = [sorted[low]!, sorted[Math.min(low + 1, sorted.length - 1)]!];
    return a + (b - a) * (place - low);
  };
  return { p20: at(0.2), p50: at(0.5), p80: at(0.8) };
};
