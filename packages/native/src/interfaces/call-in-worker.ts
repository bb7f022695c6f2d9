import { fault } from "@cramkit/errors";
import { worker as source } from "./worker.generated.ts";

/** node:ffi only knows calls that block. An asynchronous one runs in a worker of ours; addresses hold in every thread. */
export interface WorkerCall {
  path: string | null;
  name: string;
  signature: { return: string; arguments: string[] };
  args: (number | bigint)[];
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

interface Caller {
  worker: import("node:worker_threads").Worker;
  pending: Map<number, Pending>;
}

let caller: Caller | undefined;
let calls = 0;

/** One call after the other, in the order in which they were made. The process waits for calls under way, no longer. */
export const callInWorker = (call: WorkerCall): Promise<unknown> => {
  caller ??= startCaller();
  const { worker, pending } = caller;
  const id = ++calls;
  worker.ref();
  return new Promise((resolve, reject) => {
    pending.set(id, { resolve, reject });
    worker.postMessage({ id, ...call });
  });
};

const startCaller = (): Caller => {
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  // The main thread has said already that node:ffi is experimental.
  const worker = new Worker(source, { eval: true, execArgv: ["--disable-warning=ExperimentalWarning"], env: {} });
  const pending = new Map<number, Pending>();
  worker.on("message", ({ id, value, error }: { id: number; value: unknown; error?: unknown }) => {
    const { resolve, reject } = pending.get(id)!;
    pending.delete(id);
    if (pending.size === 0) worker.unref();
    if (error) reject(error);
    else resolve(value);
  });
  const fail = (error: unknown): void => {
    caller = undefined;
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  };
  worker.on("error", fail);
  worker.on("exit", (code) =>
    fail(
      fault({
        code: "worker-lost",
        place: "native call",
        problem: `expected a result, got the end of the thread that made it (code ${code})`,
      }),
    ),
  );
  return { worker, pending };
};
