import { type StartThread, startBrowserThread, type Thread } from "./browser-thread.ts";
import { worker as source } from "./worker.generated.ts";
import type { WorkerData } from "./worker.ts";

/** Starts worker.ts from its text: no file path, so nothing that a bundler or an installation could break. */
export const startWorker = (workerData: WorkerData, startThread: StartThread = startBrowserThread): Thread => {
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
