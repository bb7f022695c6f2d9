import type { ThreadRequest } from "../protocol.ts";

/** Starts and ends the threads that the worker computes with. */
export const serveThreads = (): ((request: ThreadRequest) => void) => {
  const threads = new Map<number, Worker>();
  return (request) => {
    if (request.type === "endThread") {
      threads.get(request.thread)?.terminate();
      threads.delete(request.thread);
      return;
    }
    const { thread, script, message } = request;
    const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    const started = new Worker(url);
    URL.revokeObjectURL(url);
    started.postMessage(message);
    threads.set(thread, started);
  };
};
