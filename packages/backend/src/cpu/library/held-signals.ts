import type { Native } from "@cramkit/native";

/** Keeps signals from the calling thread for a while. What comes meanwhile goes to another thread, or waits. */
export interface HeldSignals {
  hold(): void;
  release(): void;
}

/** Of the code that runs itself: held back, they would end the process. */
const faults = ["SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGSEGV", "SIGSYS"] as const;

/** More than any system's set of signals has: 128 on Linux, 4 on macOS. */
const setBytes = 128;

/** Undefined on Windows, which runs no handler on a thread that is at work. */
export const heldSignals = (native: Native): HeldSignals | undefined => {
  if (process.platform === "win32") return undefined;
  const [block, set] = process.platform === "darwin" ? [1, 3] : [0, 2];
  const { signals } = process.getBuiltinModule("node:os").constants;
  const held = new Uint8Array(setBytes).fill(0xff);
  for (const name of faults) held[(signals[name] - 1) >> 3]! &= ~(1 << ((signals[name] - 1) & 7));
  const before = new Uint8Array(setBytes);
  const mask = native.open(null).func("pthread_sigmask", ["i32", "i32", "pointer", "pointer"]);
  const [heldAt, beforeAt] = [native.addressOf(held), native.addressOf(before)];
  // Both sets live as long as these functions, which name them.
  return {
    hold: () => void (held && mask(block!, heldAt, beforeAt)),
    release: () => void (before && mask(set!, beforeAt, 0n)),
  };
};
