import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bertMasking, type MaskedBatch, type MaskedBatchOptions, maskedBatches } from "@cramkit/packer";
import { openPreparedSet, prefetchedBatches, type RowOrder, writePreparedSet } from "@cramkit/packer/node";
import { createDraws, streamKey } from "@cramkit/random";
import type { Contestant, Suite, SuiteContext } from "../measure/suite.ts";

const seqLength = 128;
const vocabSize = 32_768;
const maskId = 4;

/** Documents of 20 to 1,000 ids, reproducible, with a few ids much more frequent than the rest. */
const createDocuments = (tokens: number): Uint16Array[] => {
  const { float64: random } = createDraws(streamKey(1, "documents"));
  const pool = Uint16Array.from({ length: 2 ** 18 }, () => 7 + Math.floor(random() ** 4 * (vocabSize - 7)));
  const documents: Uint16Array[] = [];
  for (let made = 0; made < tokens; made += documents.at(-1)!.length) {
    const start = Math.floor(random() * (pool.length - 1000));
    documents.push(pool.subarray(start, start + 20 + Math.floor(random() * 980)));
  }
  return documents;
};

interface Loaded {
  rows: number;
  /** Positions whose target is not what the batch masks: 0 in a right batch. */
  wrong: number;
}

const consume = async (batches: AsyncIterable<{ batch: MaskedBatch }>): Promise<Loaded> => {
  const loaded = { rows: 0, wrong: 0 };
  for await (const { batch } of batches) {
    loaded.rows += batch.batchSize;
    if (batch.positions.length !== batch.targets.length || batch.targets.some((id) => id >= vocabSize)) loaded.wrong++;
  }
  return loaded;
};

const measurePreparing = async ({ measure }: SuiteContext, documents: Uint16Array[], folder: string): Promise<void> => {
  const orders: Record<string, RowOrder> = {
    "as is": "as-is",
    shuffled: "shuffled",
    "by full stops": { by: "token-count", tokenId: 17 },
    "by unigrams": { by: "unigram" },
  };
  const tokens = documents.reduce((sum, { length }) => sum + length + 1, 0);
  async function* source() {
    yield* documents;
  }
  let next = 0;
  for (const [name, order] of Object.entries(orders)) {
    const prepare = async () => {
      const directory = join(folder, `set-${next++}`);
      const { rowCount } = await writePreparedSet(directory, source(), { seqLength, vocabSize, separatorId: 3, order });
      await rm(directory, { recursive: true });
      return rowCount;
    };
    const contestant: Contestant = {
      ...{ provider: "cramkit", work: tokens, run: prepare },
      check: async () => ((await prepare()) === Math.floor(tokens / seqLength) ? 0 : 1),
    };
    await measure({
      case: `pack and write, ${name}`,
      shape: `${documents.length} documents`,
      unit: "tokens/s",
      backend: "host",
      contestants: [contestant],
    });
  }
};

const measureLoading = async ({ measure }: SuiteContext, folder: string, rowCount: number): Promise<void> => {
  const base: MaskedBatchOptions = { batchSize: 128, maskId };
  const kinds: Record<string, MaskedBatchOptions> = {
    "exact 25 %": base,
    "Bernoulli 15 %": { ...base, masking: bertMasking([0, 1, 2, 3, 4, 5, 6]) },
    "exact 25 %, reshuffled": { ...base, reshuffle: true },
  };
  const rows = Math.floor(rowCount / base.batchSize) * base.batchSize;
  for (const [name, options] of Object.entries(kinds)) {
    const inThread = async () => {
      const set = await openPreparedSet(folder);
      try {
        return await consume(maskedBatches(set, options));
      } finally {
        set.close();
      }
    };
    const contestant = (provider: string, run: () => Promise<Loaded>): Contestant => ({
      ...{ provider, work: rows * seqLength, run },
      async check() {
        const loaded = await run();
        return loaded.rows === rows ? loaded.wrong : 1;
      },
    });
    await measure({
      case: `load, ${name}`,
      shape: `${rows} x ${seqLength}`,
      unit: "tokens/s",
      backend: "host",
      contestants: [
        contestant("cramkit", inThread),
        contestant("cramkit, worker thread", () => consume(prefetchedBatches(folder, options))),
      ],
    });
  }
};

export const packerSuite: Suite = {
  name: "packer",
  describes: "packing, ordering and writing rows; loading them as masked batches: tokens/s",
  hasShapes: false,
  async run(context) {
    const folder = await mkdtemp(join(tmpdir(), "cramkit-bench-packer-"));
    try {
      const documents = createDocuments(context.options.quick ? 2 ** 17 : 2 ** 23);
      await measurePreparing(context, documents, folder);
      const kept = join(folder, "kept");
      const source = (async function* () {
        yield* documents;
      })();
      const { rowCount } = await writePreparedSet(kept, source, {
        seqLength,
        vocabSize,
        separatorId: 3,
        order: "as-is",
      });
      await measureLoading(context, kept, rowCount);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
