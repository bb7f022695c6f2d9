import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkOptions } from "@cramkit/errors";
import { createTemporaryFolder } from "@cramkit/files";
import { checkSeed, randomStream, streamKey } from "@cramkit/random";
import type { Document } from "../document.ts";
import { restartable } from "../restartable.ts";
import { documentOf, readSpool, type SpooledDocument, writeSpool } from "./spool.ts";
import { utf8Scratch } from "./utf8-scratch.ts";

export interface ShuffleOptions {
  /** An integer of 0 to 2^53 - 1. */
  seed: number;
  /**
   * Text held in memory at once; more of it goes through files in `workFolder`.
   *
   * @defaultValue 256 MiB
   */
  memoryBytes?: number;
  /**
   * Folder of the temporary files.
   *
   * @defaultValue the system's folder for temporary files
   */
  workFolder?: string;
}

/**
 * All documents in a random order. Document number n gets a key of 48 random bits, and the documents come out in the
 * order of their keys: the order depends on the seed and the input alone, not on the memory. What does not fit goes to
 * files by the leading bits of the key, which are sorted one after the other.
 */
export const shuffleDocuments = (
  documents: AsyncIterable<Document>,
  options: ShuffleOptions,
): AsyncIterable<Document> => {
  checkOptions("shuffleDocuments", options, { seed: true, memoryBytes: true, workFolder: true });
  const { seed, memoryBytes = 256 << 20, workFolder = tmpdir() } = options;
  checkSeed("shuffleDocuments", seed);
  const { float64 } = randomStream(streamKey(seed, "corpus/shuffle"));
  const keyOf = (number: number) => Math.floor(float64(number) * 2 ** keyBits);
  return restartable(async function* () {
    const encode = utf8Scratch();
    let held: Keyed[] = [];
    let heldBytes = 0;
    let buckets: Buckets | undefined;
    let number = 0;
    try {
      for await (const { text, source, id } of documents) {
        const key = keyOf(number++);
        if (buckets) {
          buckets.add({ key, bytes: encode(text), source, id });
          continue;
        }
        const item = { key, bytes: Buffer.from(text), source, id };
        held.push(item);
        heldBytes += item.bytes.length + overheadBytes;
        if (heldBytes <= memoryBytes) continue;
        buckets = await createBuckets(workFolder, 0);
        for (const early of held) buckets.add(early);
        held = [];
      }
      if (buckets) yield* buckets.sorted(memoryBytes);
      else yield* inOrder(held);
    } finally {
      await buckets?.remove();
    }
  });
};

/** A document and its place in the order. */
interface Keyed extends SpooledDocument {
  key: number;
}

const overheadBytes = 200;
const bucketBits = 6;

interface Buckets {
  add(item: Keyed): void;
  sorted(memoryBytes: number): AsyncGenerator<Document>;
  remove(): Promise<void>;
}

/** Files for the 64 values of the bits of the key from `firstBit` on. */
const createBuckets = async (workFolder: string, firstBit: number): Promise<Buckets> => {
  const folder = await createTemporaryFolder(workFolder, "shuffle");
  const buckets = Array.from({ length: 2 ** bucketBits }, (_, index) => {
    const path = join(folder, String(index));
    return { path, bytes: 0, textBytes: 0, spool: writeSpool(path, 1 << 16) };
  });
  return {
    add({ key, bytes, source, id }) {
      const bucket = buckets[Math.floor(key / 2 ** (keyBits - firstBit - bucketBits)) % 2 ** bucketBits];
      if (!bucket) throw new Error("shuffleDocuments: a key outside of its range");
      // The key travels in front of the identity.
      bucket.spool.add({ bytes, source, id: `${key} ${id ?? ""}${id === undefined ? "" : "+"}` });
      bucket.bytes += bytes.length + overheadBytes;
      bucket.textBytes += bytes.length;
    },
    async *sorted(memoryBytes) {
      for (const { spool } of buckets) spool.close();
      for (const { path, bytes, textBytes } of buckets) {
        if (bytes === 0) continue;
        if (bytes <= memoryBytes || firstBit + 2 * bucketBits > keyBits) {
          const items: Keyed[] = [];
          const texts = Buffer.allocUnsafeSlow(textBytes); // one piece of memory: thousands keep the collector busy
          let used = 0;
          for await (const item of readKeyed(path)) {
            const from = used;
            used += item.bytes.copy(texts, from);
            items.push({ ...item, bytes: texts.subarray(from, used) });
          }
          await rm(path);
          yield* inOrder(items);
          continue;
        }
        const smaller = await createBuckets(workFolder, firstBit + bucketBits);
        try {
          for await (const item of readKeyed(path)) smaller.add(item);
          await rm(path);
          yield* smaller.sorted(memoryBytes);
        } finally {
          await smaller.remove();
        }
      }
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
};

async function* readKeyed(path: string): AsyncGenerator<Keyed> {
  for await (const { bytes, source, id = "" } of readSpool(path)) {
    const space = id.indexOf(" ");
    const rest = id.slice(space + 1);
    yield { bytes, source, key: Number(id.slice(0, space)), id: rest.endsWith("+") ? rest.slice(0, -1) : undefined };
  }
}

/** Sorting is stable and the input in the order of the documents, so equal keys need no rule of their own. */
function* inOrder(items: Keyed[]): Generator<Document> {
  items.sort((a, b) => a.key - b.key);
  for (const item of items) yield documentOf(item);
}

const keyBits = 48;
