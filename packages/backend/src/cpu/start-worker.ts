import { worker as source } from "./worker.generated.ts";
import type { WorkerData } from "./worker.ts";

/** A thread beside the calling one. */
export interface Thread {
  terminate(): void;
}

/** Starts a thread that runs a script in a browser, and posts the message to it. */
export type StartThread = (script: string, message: unknown) => Thread;

/** Starts worker.ts from its text: no file path, so nothing that a bundler or an installation could break. */
export const startWorker = (workerData: WorkerData, startThread: StartThread = startInBrowser): Thread => {
  const builtin = globalThis.process?.getBuiltinModule?.("node:worker_threads");
  if (builtin) {
    // No flags of this process (loaders, inspectors) and no standard streams: the worker only computes. That node:ffi is
    // experimental has been said by the main thread.
    const execArgv = workerData.library?.interface === "node:ffi" ? ["--disable-warning=ExperimentalWarning"] : [];
    const worker = new builtin.Worker(source, { eval: true, workerData, execArgv, env: {} });
    worker.unref();
    // A worker that the system ends before it serves claims nothing, so nothing waits for it; unheard, the event ends the process.
    worker.on("error", () => {});
    return { terminate: () => void worker.terminate() };
  }
  return startThread(source, workerData);
};

const startInBrowser: StartThread = (script, message) => {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.postMessage(message);
  URL.revokeObjectURL(url);
  return worker;
};
