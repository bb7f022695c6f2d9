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

const waiting = new Script("signalWait()");
/** Waits for a change of a word, for ever or so long; whether Ctrl-C ended it. */
const isInterrupted = (word: number, value: number, ms?: number): boolean => {
  Object.assign(globalThis, { signalWait: () => Atomics.wait(words, word, value, ms) });
  try {
    waiting.runInThisContext({ breakOnSigint: true });
    return false;
  } catch {
    return true;
  }
};

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

for (;;) {
  while (!isInterrupted(NEVER, 0)) {}
  for (;;) {
    const heard = Atomics.add(words, HEARD, 1) + 1;
    parentPort!.postMessage("SIGINT");
    if (isInterrupted(ANSWERED, heard - 1, msToAnswer)) continue; // once more, in the meantime
    if (Atomics.load(words, ANSWERED) >= heard) break;
    // Outside of the script a signal has its default effect: the process ends, whatever the main thread is doing.
    if (heard > 1) process.kill(process.pid, "SIGINT");
    else tell();
    break;
  }
}
