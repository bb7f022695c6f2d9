import { parentPort, workerData } from "node:worker_threads";
import { isFault, partsOf } from "@cramkit/errors";
import { maskedBatches } from "../masked-batches.ts";
import { openPreparedSet } from "./open-prepared-set.ts";
import type { PrefetchAnswer, PrefetchWork } from "./prefetch.ts";

/** Thread of `prefetchedBatches`: answers each message with the next batch, in order. */
const { folder, options } = workerData as PrefetchWork;

async function* batches() {
  const set = await openPreparedSet(folder);
  try {
    yield* maskedBatches(set, options);
  } finally {
    set.close();
  }
}

const iteration = batches();

const answer = async (): Promise<PrefetchAnswer> => {
  try {
    const { done, value } = await iteration.next();
    return done ? { done } : { item: value };
  } catch (error) {
    return { error, parts: isFault(error) ? partsOf(error) : undefined };
  }
};

parentPort?.on("message", async () => {
  const reply = await answer();
  const batch = "item" in reply ? reply.item.batch : undefined;
  const transfer = batch ? [batch.inputIds.buffer, batch.positions.buffer, batch.targets.buffer] : [];
  parentPort?.postMessage(reply, transfer as ArrayBuffer[]);
});
