import { startBrowserThread, type Thread } from "@cramkit/backend";
import type { ThreadRequest } from "../protocol.ts";

/** Starts and ends the threads that the worker computes with. */
export const serveThreads = (): ((request: ThreadRequest) => void) => {
  const threads = new Map<number, Thread>();
  return (request) => {
    const { thread } = request;
    if (request.type === "startThread") {
      threads.set(thread, startBrowserThread(request.script, request.message));
      return;
    }
    threads.get(thread)?.terminate();
    threads.delete(thread);
  };
};
