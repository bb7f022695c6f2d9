import type { Communicator } from "@cramkit/parallel";
import type { RunContext } from "@cramkit/recipes";
import { interruptSignal } from "./interrupt.ts";
import { createProgressDisplay, type ProgressDisplay } from "./progress.ts";

/**
 * Runs long work with a progress display, and with Ctrl-C as a request to stop. `doing` says what it then does first. Of
 * several ranks rank 0 alone shows something.
 */
export const session = async (
  work: (context: RunContext) => Promise<void>,
  doing?: string,
  ranks?: Communicator,
): Promise<void> => {
  const display = ranks !== undefined && ranks.rank > 0 ? silent : createProgressDisplay();
  const isAlone = ranks === undefined || ranks.size === 1; // ranks stop together, at the end of a batch
  const { signal, isStopping, release } = interruptSignal(display.say, { doing, computes: isAlone });
  try {
    const stopping = isAlone ? isStopping : undefined;
    await work({ onProgress: display.show, say: display.say, signal, isStopping: stopping, ranks });
  } finally {
    release();
    display.finish();
  }
};

const silent: ProgressDisplay = { show() {}, finish() {}, say() {} };
