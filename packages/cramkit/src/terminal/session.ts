import type { RunContext } from "@cramkit/recipes";
import { interruptSignal } from "./interrupt.ts";
import { createProgressDisplay } from "./progress.ts";

/** Runs long work with a progress display, and with Ctrl-C as a request to stop. `doing` says what it then does first. */
export const session = async (work: (context: RunContext) => Promise<void>, doing?: string): Promise<void> => {
  const display = createProgressDisplay();
  const { signal, release } = interruptSignal(display.say, doing);
  try {
    await work({ onProgress: display.show, say: display.say, signal });
  } finally {
    release();
    display.finish();
  }
};
