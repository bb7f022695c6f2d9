import { availableParallelism } from "node:os";
import type { ChunkDictionary } from "../chunks/chunk-dictionary.ts";
import { refuseUnknown } from "../options.ts";
import type { PipelineOptions } from "../pipeline.ts";
import { type CountedWords, mergeCountedWords } from "../training/counted-words.ts";
import type { CountWords } from "../training/options.ts";
import { wordCounter } from "../training/word-counter.ts";
import { checkThreads, startThread } from "./thread.ts";

/** Characters that go to a thread at a time; enough that the message costs nothing, little enough to share evenly. */
const BATCH = 1 << 20;

/** Characters that are counted on the calling thread first: a thread takes longer to start than they take to count. */
const WORTH_THREADS = 1 << 22;

/**
 * Counts words on several threads: `trainTokenizer(documents, { ...options, countWords: countWordsInThreads() })`. The
 * tokenizer is the same for any number of them. They start after the first four million characters.
 */
export const countWordsInThreads = (
  options: {
    /** @defaultValue one a core */
    threads?: number;
    /**
     * Has the numbers of chunks: as long as that is worthwhile, counting by them on the calling thread costs less than to hand
     * texts over.
     *
     * @defaultValue none
     */
    dictionary?: ChunkDictionary | undefined;
  } = {},
): CountWords => {
  refuseUnknown("countWordsInThreads", options, ["threads", "dictionary"]);
  const { threads = availableParallelism(), dictionary } = options;
  checkThreads("countWordsInThreads", threads);
  return async (documents, pipeline, onDocument, maxWords) => {
    const own = wordCounter(pipeline, maxWords, { dictionary });
    let characters = 0;
    let pool: ReturnType<typeof createPool> | undefined;
    try {
      for await (const document of documents) {
        onDocument(document);
        if (characters < WORTH_THREADS || (dictionary?.isWorthwhile && !pool)) {
          own.add(document);
          characters += document.length;
        } else {
          pool ??= createPool(pipeline, threads, maxWords);
          const wait = pool.add(document);
          if (wait) await wait;
        }
      }
      return merge([own.words(), ...((await pool?.end()) ?? [])], maxWords);
    } finally {
      await pool?.stop();
    }
  };
};

/** Threads that count what is added to any of them. */
const createPool = (pipeline: PipelineOptions, threads: number, maxWords: number) => {
  // Together they hold no more than one counter would.
  const share = Math.max(2, Math.floor(maxWords / threads));
  const pool = Array.from({ length: threads }, () => startThread({ count: pipeline, maxWords: share }));
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
  return {
    /** If it gives a promise, wait for it before the next document. */
    add(document: string): Promise<void> | undefined {
      batch.push(document);
      characters += document.length;
      return characters >= BATCH ? send() : undefined;
    },
    async end(): Promise<CountedWords[]> {
      if (batch.length > 0) await send();
      await Promise.all(running);
      if (failed) throw failed.error;
      return Promise.all(pool.map((thread) => thread.ask<CountedWords>({ end: true })));
    },
    stop: () => Promise.all(pool.map((thread) => thread.stop())),
  };
};

const merge = ([first, ...rest]: [CountedWords, ...CountedWords[]], maxWords: number): CountedWords => {
  for (const counted of rest) {
    mergeCountedWords(first, counted, maxWords);
    counted.words.clear();
  }
  return first;
};
