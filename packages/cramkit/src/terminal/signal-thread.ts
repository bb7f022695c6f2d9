/*
 * A thread that hears Ctrl-C while the main one computes: Node tells its main thread of a signal only between two tasks, and
 * a microbatch on the CPU is one. A script that may be ended by Ctrl-C (`breakOnSigint`) is the one place where another
 * thread hears of it. `pnpm generate` makes this, with what it imports, the string that `hear-interrupts.ts` starts.
 */
import { signalWords } from "./signal-words.ts";

const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
const { Script } = process.getBuiltinModule("node:vm");
const { writeSync } = process.getBuiltinModule("node:fs");
const { HEARD, ANSWERED, TOLD, LINE, NEVER } = signalWords;
const { words, text } = workerData as { words: Int32Array; text: Uint8Array };

/** The main thread, if it is not at work, answers at once and knows what is on the screen. */
const msToAnswer = 300;

const tell = () => {
  const bytes = Atomics.load(words, LINE);
  if (bytes === 0) return;
  Atomics.store(words, TOLD, 1);
  try {
    writeSync(2, Uint8Array.from(text.subarray(0, bytes)));
  } catch {
    // What cannot be printed does not matter.
  }
};

/** Waits for ever; returns if the main thread does not answer to the second Ctrl-C. */
const listen = (heard: number): void => {
  if (heard > Atomics.load(words, ANSWERED)) Atomics.wait(words, ANSWERED, heard - 1, msToAnswer);
  if (heard > Atomics.load(words, ANSWERED)) {
    if (heard > 1) return;
    tell();
  }
  Atomics.wait(words, NEVER, 0);
};

const listening = new Script("listen(heard)");
for (let heard = 0; ; parentPort!.postMessage("SIGINT")) {
  Object.assign(globalThis, { listen, heard });
  try {
    listening.runInThisContext({ breakOnSigint: true });
    // Outside of the script a signal has its default effect: the process ends, whatever the main thread is doing.
    process.kill(process.pid, "SIGINT");
  } catch {
    heard = Atomics.add(words, HEARD, 1) + 1;
  }
}
