import { Worker } from "node:worker_threads";
import { checkOptions, type FaultParts, fault } from "@cramkit/errors";
import type { BatchCursor, MaskedBatch, MaskedBatchOptions } from "../masked-batches.ts";

export interface PrefetchOptions extends MaskedBatchOptions {
  /**
   * Batches that wait ready while one is in use.
   * @defaultValue `4`
   */
  ahead?: number;
}

/** What the worker is started with. */
export interface PrefetchWork {
  folder: string;
  options: MaskedBatchOptions;
}

/** What the worker sends: one answer to each message that it gets. */
export type PrefetchAnswer =
  | { item: { batch: MaskedBatch; cursor: BatchCursor } }
  | { done: true }
  /** `parts` are those of a fault: a copy of an error has its class and its words alone. */
  | { error: unknown; parts: FaultParts | undefined };

/**
 * `maskedBatches` of the prepared set in `folder`, made in a worker thread: the same batches and cursors, ready before
 * they are asked for. Recipes read `maskedBatches` directly: a masking that follows the budget is a function of the run, which
 * cannot go to a thread, and is refused. The thread ends with the iteration, and never keeps a process alive by itself.
 */
export async function* prefetchedBatches(
  folder: string,
  options: PrefetchOptions,
): AsyncGenerator<{ batch: MaskedBatch; cursor: BatchCursor }> {
  checkOptions("prefetchedBatches", options, {
    ahead: true,
    batchSize: true,
    maskId: true,
    masking: true,
    seed: true,
    cursor: true,
    epochs: true,
    reshuffle: true,
    rank: true,
    world: true,
    wholeBatches: true,
    tokenDrop: true,
    dropLast: true,
  });
  const { ahead = 4, ...batchOptions } = options;
  if (!(Number.isInteger(ahead) && ahead > 0))
    throw fault({
      code: "invalid-argument",
      place: "prefetchedBatches",
      problem: `expected ahead to be a positive integer, got ${ahead}`,
      type: RangeError,
    });
  if (typeof batchOptions.masking === "function")
    throw fault({
      code: "invalid-argument",
      place: "prefetchedBatches",
      problem: "expected a masking that does not change, got a function, which cannot go to a thread",
      remedy: "use maskedBatches",
      type: TypeError,
    });
  const worker = startWorker({ folder, options: batchOptions });
  const answers: PrefetchAnswer[] = [];
  let wake = () => {};
  const receive = (answer: PrefetchAnswer) => {
    answers.push(answer);
    wake();
  };
  worker.on("message", receive);
  worker.on("error", (error) => receive({ error, parts: undefined }));
  worker.on("exit", (code) => receive({ error: fault(ended(code)), parts: undefined }));
  try {
    for (let i = 0; i < ahead; i++) worker.postMessage(null);
    for (;;) {
      if (answers.length === 0) {
        worker.ref();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        worker.unref();
      }
      const answer = answers.shift()!;
      if ("error" in answer) throw Object.assign(answer.error as object, answer.parts);
      if ("done" in answer) return;
      worker.postMessage(null);
      yield answer.item;
    }
  } finally {
    await worker.terminate();
  }
}

const ended = (code: number): FaultParts => ({
  code: "worker-lost",
  place: "prefetchedBatches",
  problem: `the worker thread ended with ${code}`,
  remedy: "start the iteration again from the last cursor",
});

/** Defined by the build, which so leaves out what only the sources need. */
declare const CRAMKIT_BUILT: true | undefined;

const startWorker = (workerData: PrefetchWork): Worker => {
  const worker =
    typeof CRAMKIT_BUILT !== "undefined"
      ? new Worker(new URL("./prefetch-worker.js", import.meta.url), { workerData })
      : startFromSource(new URL("./prefetch-worker.ts", import.meta.url), workerData);
  worker.unref();
  return worker;
};

/** Runs a TypeScript worker. `--import tsx` has no effect in threads of Node 20, so the thread registers tsx by itself. */
const startFromSource = (url: URL, workerData: PrefetchWork): Worker => {
  const tsx = import.meta.resolve("tsx/esm/api");
  const start = `import("${tsx}").then(({ register }) => { register(); return import("${url}"); });`;
  return new Worker(start, { eval: true, workerData, execArgv: ["--conditions=@cramkit/source"] });
};
