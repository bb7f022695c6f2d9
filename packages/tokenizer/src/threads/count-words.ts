import { availableParallelism } from "node:os";
import type { CountWords } from "../training/options.ts";
import { checkThreads, startThread, type Thread } from "./thread.ts";

/** Characters that go to a thread at a time; enough that the message costs nothing, little enough to share evenly. */
const BATCH = 1 << 20;

/**
 * Counts words on several threads: `trainTokenizer(documents, { ...options, countWords: countWordsInThreads() })`. The
 * tokenizer is the same for any number of them.
 */
export function countWordsInThreads({ threads = availableParallelism() }: { threads?: number } = {}): CountWords {
  checkThreads("countWordsInThreads", threads);
  return async (documents, pipeline, onDocument) => {
    const pool = Array.from({ length: threads }, () => startThread({ count: pipeline }));
    try {
      await feed(pool, documents, onDocument);
      const counts = await Promise.all(pool.map((thread) => thread.ask<Map<string, number>>({ end: true })));
      return merge(counts);
    } finally {
      await Promise.all(pool.map((thread) => thread.stop()));
    }
  };
}

async function feed(
  pool: readonly Thread[],
  documents: AsyncIterable<string> | Iterable<string>,
  onDocument: (document: string) => void,
): Promise<void> {
  const running = new Set<Promise<unknown>>();
  let failed: { error: unknown } | undefined;
  let batch: string[] = [];
  let characters = 0;
  const send = async () => {
    const thread = pool.reduce((idlest, other) => (other.pending < idlest.pending ? other : idlest));
    const job = thread
      .ask({ documents: batch })
      .catch((error) => {
        failed ??= { error };
      })
      .finally(() => running.delete(job));
    running.add(job);
    batch = [];
    characters = 0;
    // Two batches a thread: one at work, one at hand.
    if (running.size >= 2 * pool.length) await Promise.race(running);
    if (failed) throw failed.error;
  };
  for await (const document of documents) {
    onDocument(document);
    batch.push(document);
    characters += document.length;
    if (characters >= BATCH) await send();
  }
  if (batch.length > 0) await send();
  await Promise.all(running);
  if (failed) throw failed.error;
}

function merge([first = new Map(), ...rest]: Map<string, number>[]): Map<string, number> {
  for (const counts of rest) {
    for (const [word, count] of counts) first.set(word, (first.get(word) ?? 0) + count);
  }
  return first;
}
