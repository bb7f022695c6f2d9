import { isatty } from "node:tty";
import { Worker } from "node:worker_threads";
import { worker } from "./signal-thread.generated.ts";
import { lineBytes, signalWords } from "./signal-words.ts";

export interface HeardInterrupts {
  /** Whether Ctrl-C was pressed, also in the middle of a computation that blocks this thread. */
  isAsked(): boolean;
  /** Whether the user was told already. */
  wasTold(): boolean;
  /** The line to tell if this thread does not answer within 0.3 s; undefined: none. */
  tells(line: string | undefined): void;
}

const clearLine = "\r\x1b[K";

/**
 * Has a thread of its own hear Ctrl-C, so that it is heard while this one computes. The listeners of SIGINT on this thread are
 * called as before. If this one does not answer, the thread tells the user, and at the second Ctrl-C it ends the process. It
 * keeps nothing alive.
 */
export const hearInterrupts = (): HeardInterrupts => {
  const words = new Int32Array(new SharedArrayBuffer(4 * Object.keys(signalWords).length));
  const text = new Uint8Array(new SharedArrayBuffer(lineBytes));
  const thread = new Worker(worker, { eval: true, execArgv: [], workerData: { words, text } });
  thread.on("message", () => {
    process.emit("SIGINT");
    Atomics.add(words, signalWords.ANSWERED, 1);
    Atomics.notify(words, signalWords.ANSWERED);
  });
  thread.on("error", () => {}); // Ctrl-C is heard between two microbatches then
  thread.unref();
  return {
    isAsked: () => Atomics.load(words, signalWords.HEARD) > 0,
    wasTold: () => Atomics.load(words, signalWords.TOLD) === 1,
    tells(line) {
      const full = line === undefined ? "" : `${isatty(2) ? clearLine : ""}${line}\n`;
      const bytes = new TextEncoder().encode(full).subarray(0, lineBytes);
      text.set(bytes);
      Atomics.store(words, signalWords.LINE, bytes.length);
    },
  };
};
