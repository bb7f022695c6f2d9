import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { bertMasking, type MaskedBatch, type MaskedBatchOptions, maskedBatches } from "../src/index.ts";
import type { RowOrder } from "../src/node/index.ts";
import { openPreparedSet, prefetchedBatches, writePreparedSet } from "../src/node/index.ts";

/** One measured way to make or load rows. */
export interface PackerMeasurement {
  name: string;
  tokens: number;
  elapsedMs: number;
  tokensPerSecond: number;
}

export interface PackerBenchOptions {
  /** Tokens of the set; every measurement goes over all of them `repeats` times and gives its fastest. */
  tokens?: number;
  seqLength?: number;
  vocabSize?: number;
  batchSize?: number;
  repeats?: number;
}

const maskId = 4;

/**
 * Packs a synthetic corpus, as is and sorted, and loads it as masked batches: in this thread and from a worker, with
 * each policy. Yields each measurement as it is done. Loading reads from disk, warm in the page cache. A check of the
 * content consumes every batch.
 */
export async function* measurePacker({
  tokens = 2 ** 25,
  seqLength = 128,
  vocabSize = 32_768,
  batchSize = 128,
  repeats = 3,
}: PackerBenchOptions = {}): AsyncGenerator<PackerMeasurement> {
  const documents = createDocuments(tokens, vocabSize);
  const root = await mkdtemp(join(tmpdir(), "cramkit-packer-bench-"));
  try {
    const orders: Record<string, RowOrder> = {
      "as is": "as-is",
      shuffled: "shuffled",
      "by full stops": { by: "token-count", tokenId: 17 },
      "by unigrams": { by: "unigram" },
    };
    for (const [name, order] of Object.entries(orders))
      yield await fastest(`prepare ${name}`, repeats, async (repeat) => {
        const directory = join(root, `${name}-${repeat}`);
        const options = { seqLength, vocabSize, separatorId: 3, order };
        const { counts } = await writePreparedSet(directory, documents(), options);
        if (name !== "as is" || repeat > 0) await rm(directory, { recursive: true });
        return counts.tokens;
      });

    const directory = join(root, "as is-0");
    const base: MaskedBatchOptions = { batchSize, maskId };
    const wordStarts = Uint8Array.from({ length: vocabSize }, (_, id) => (id % 3 ? 1 : 0));
    const loads: Record<string, MaskedBatchOptions> = {
      "exact 25 %": base,
      "exact 25 %, whole words": { ...base, masking: { kind: "exact", rate: 0.25, wordStarts } },
      "Bernoulli 15 %": { ...base, masking: bertMasking([0, 1, 2, 3, 4, 5, 6]) },
      "exact 25 %, reshuffled": { ...base, reshuffle: true },
      "exact 25 %, a fifth of the tokens dropped": { ...base, tokenDrop: 0.2 },
    };
    for (const [name, options] of Object.entries(loads)) {
      yield await fastest(`load, ${name}`, repeats, async () => {
        const set = await openPreparedSet(directory);
        const loaded = await consume(maskedBatches(set, options), seqLength);
        set.close();
        return loaded;
      });
      yield await fastest(`load from a worker, ${name}`, repeats, () =>
        consume(prefetchedBatches(directory, options), seqLength),
      );
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Documents of 20 to 1,000 ids with a skewed distribution, reproducible: slices of one pool, so that they cost nothing. */
function createDocuments(tokens: number, vocabSize: number): () => Generator<Uint16Array> {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const pool = Uint16Array.from({ length: 2 ** 20 }, () => 7 + Math.floor(random() ** 4 * (vocabSize - 7)));
  const slices: Uint16Array[] = [];
  for (let made = 0; made < tokens; made += slices.at(-1)!.length) {
    const start = Math.floor(random() * (pool.length - 1000));
    slices.push(pool.subarray(start, start + 20 + Math.floor(random() * 980)));
  }
  return function* () {
    yield* slices;
  };
}

async function consume(batches: AsyncIterable<{ batch: MaskedBatch }>, seqLength: number): Promise<number> {
  let rows = 0;
  let masks = 0;
  for await (const { batch } of batches) {
    rows += batch.batchSize;
    masks += batch.inputIds[batch.positions[0]!] === maskId ? 1 : 0;
  }
  if (masks === 0) throw new Error("measurePacker: expected masks in the batches, got none");
  return rows * seqLength;
}

async function fastest(
  name: string,
  repeats: number,
  run: (repeat: number) => Promise<number>,
): Promise<PackerMeasurement> {
  let tokens = 0;
  let elapsedMs = Number.POSITIVE_INFINITY;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const start = performance.now();
    tokens = await run(repeat);
    elapsedMs = Math.min(elapsedMs, performance.now() - start);
  }
  return { name, tokens, elapsedMs, tokensPerSecond: (1000 * tokens) / elapsedMs };
}
