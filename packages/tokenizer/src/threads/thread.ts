import { Worker } from "node:worker_threads";
import { fault } from "@cramkit/errors";
import type { WorkerReply, WorkerRequest, WorkerTask } from "./messages.ts";

/** A worker thread that answers requests one after the other. */
export interface Thread {
  /** Requests that are not answered yet. */
  readonly pending: number;
  ask<T>(request: WorkerRequest): Promise<T>;
  stop(): Promise<unknown>;
}

interface Waiting {
  resolve: (value: never) => void;
  reject: (error: Error) => void;
}

/** Defined by the build, which so leaves out what only the sources need. */
declare const CRAMKIT_BUILT: true | undefined;

/** Built, the worker is a file beside the entry; run from the sources, it needs the loader of TypeScript first. */
const startWorker = (task: WorkerTask): Worker => {
  if (typeof CRAMKIT_BUILT !== "undefined")
    return new Worker(new URL("./worker.js", import.meta.url), { workerData: task });
  const source = JSON.stringify(new URL("../worker.ts", import.meta.url).href);
  const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api")); // the thread itself would look for it where it was started
  const load = `import(${tsx}).then((tsx) => { tsx.register(); return import(${source}); })`;
  return new Worker(load, { eval: true, workerData: task, execArgv: ["--conditions=@cramkit/source"] });
};

export const startThread = (task: WorkerTask): Thread => {
  const worker = startWorker(task);
  const waiting: Waiting[] = [];
  let failure: Error | undefined;
  const fail = (error: Error) => {
    failure ??= error;
    for (const { reject } of waiting.splice(0)) reject(failure);
  };
  worker.on("message", (reply: WorkerReply) => {
    const next = waiting.shift();
    if ("error" in reply) next?.reject(reply.error);
    else next?.resolve(reply.result as never);
  });
  worker.on("error", fail);
  worker.on("exit", (code) =>
    fail(
      fault({
        code: "worker-lost",
        place: "tokenizer worker",
        problem: `ended with code ${code} before it had answered`,
        remedy: "start again; with too little memory use fewer threads",
      }),
    ),
  );
  return {
    get pending() {
      return waiting.length;
    },
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (failure) return reject(failure);
        waiting.push({ resolve, reject });
        worker.postMessage(request);
      }),
    stop: () => worker.terminate(),
  };
};

export const checkThreads = (name: string, threads: number): void => {
  if (Number.isInteger(threads) && threads >= 1 && threads <= 1024) return;
  throw fault({
    code: "invalid-argument",
    place: name,
    problem: `expected threads to be an integer from 1 to 1024, got ${threads}`,
    remedy: "set it to one",
    type: RangeError,
  });
};
