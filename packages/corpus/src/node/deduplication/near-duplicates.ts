import { existsSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkOptions } from "@cramkit/errors";
import { createTemporaryFolder } from "@cramkit/files";
import type { Document } from "../../document.ts";
import { countedFilter, type DocumentFilter, type FilterTally } from "../../filters/filter.ts";
import { bandPairs, type Clusters, createClusters } from "../../near-duplicates/clusters.ts";
import { type MinHashOptions, minHash, minHashOptions } from "../../near-duplicates/min-hash.ts";
import { appendToFile } from "../append-file.ts";
import { documentOf, readSpool, writeSpool } from "../spool.ts";

export interface NearDuplicatesOptions extends MinHashOptions {
  /**
   * Where the corpus lies in between, with 8 bytes a document and band. Removed at the end.
   * @defaultValue the system's folder for temporary files
   */
  workFolder?: string;
  /**
   * Called as the corpus is read and searched.
   * @defaultValue nothing
   */
  onProgress?: (progress: { stage: "reading" | "searching" | "writing" }) => void;
  /**
   * The keys of a document that are known, as `bandKeys` of `minHash` gives them with these options: null if its text has no
   * signature, undefined to make them.
   * @defaultValue all are made
   */
  bandKeysOf?: (document: Document) => Uint32Array | null | undefined;
}

/**
 * Drops documents that are nearly the same as an earlier one, by `minHash`: those that agree in a band are in one cluster, of
 * which the first document stays. Clusters are closed: a document is dropped if a chain of near-duplicates leads to an
 * earlier one.
 *
 * The first document comes out after the last one has been read. Memory: about 20 bytes a document.
 */
export const deduplicateNear = (options: NearDuplicatesOptions = {}): DocumentFilter => {
  checkOptions("deduplicateNear", options, {
    ...minHashOptions,
    workFolder: true,
    onProgress: true,
    bandKeysOf: true,
  });
  const { words = 5, bands = 14, rows = 8, seed } = options;
  minHash({ words, bands, rows, seed }); // checks them now
  const name = `near-duplicates by ${bands} bands of ${rows} hashes of ${words} words`;
  return countedFilter(name, (documents, tally) => deduplicated(documents, { ...options, bands }, tally));
};

async function* deduplicated(
  documents: AsyncIterable<Document>,
  { workFolder = tmpdir(), onProgress, bandKeysOf, bands, ...options }: NearDuplicatesOptions & { bands: number },
  tally: FilterTally,
): AsyncGenerator<Document> {
  const folder = await createTemporaryFolder(workFolder, "near-duplicates");
  try {
    const spool = join(folder, "documents");
    const clusters = await clustersOf(documents, { ...options, bands }, { folder, spool, onProgress, bandKeysOf });
    if (clusters === undefined) return; // no documents
    let number = 0;
    for await (const spooled of readSpool(spool)) {
      onProgress?.({ stage: "writing" });
      const document = documentOf(spooled);
      const first = clusters.firstOf(number);
      if (first === number) {
        tally.keep(document.text.length, document);
        yield document;
      } else tally.drop(document, `nearly the same as document ${first}`);
      number++;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Signatures, buckets, clusters: the corpus is spooled on the way. Undefined if there are no documents. */
const clustersOf = async (
  documents: AsyncIterable<Document>,
  options: MinHashOptions & { bands: number },
  {
    folder,
    spool,
    onProgress,
    bandKeysOf,
  }: Pick<NearDuplicatesOptions, "onProgress" | "bandKeysOf"> & { folder: string; spool: string },
): Promise<Clusters | undefined> => {
  const { bands } = options;
  const { signature, bandKeys } = minHash({ ...options, bands });
  const files = Array.from({ length: bands }, (_, band) => {
    const path = join(folder, `band-${band}`);
    return { path, file: appendToFile(path, 1 << 16) };
  });
  const numbers = { path: join(folder, "numbers"), file: appendToFile(join(folder, "numbers"), 1 << 16) };
  const writer = writeSpool(spool);
  let count = 0;
  const keysOf = (text: string): Uint32Array | null => {
    const made = signature(text);
    return made === undefined ? null : bandKeys(made);
  };
  for await (const document of documents) {
    const { text, source, id } = document;
    onProgress?.({ stage: "reading" });
    writer.add({ bytes: Buffer.from(text), source, id });
    const known = bandKeysOf?.(document);
    const made = known === undefined ? keysOf(text) : known;
    if (made !== null) {
      const keys = Buffer.from(made.buffer, made.byteOffset, made.byteLength);
      for (const [band, { file }] of files.entries()) file.append(keys.subarray(8 * band, 8 * band + 8));
      numbers.file.append(Buffer.from(Uint32Array.of(count).buffer));
    }
    count++;
  }
  writer.close();
  numbers.file.close();
  if (count === 0) return undefined;
  const clusters = createClusters(count);
  const numbered = wordsOf(numbers.path);
  for (const { path, file } of files) {
    file.close();
    onProgress?.({ stage: "searching" });
    clusters.join(bandPairs(wordsOf(path), numbered));
    await new Promise(setImmediate); // the search is synchronous: let others run in between
  }
  return clusters;
};

/** The 32-bit words of a file, as this machine wrote them; none if no document had a signature. */
const wordsOf = (path: string): Uint32Array => {
  if (!existsSync(path)) return new Uint32Array(0);
  const bytes = readFileSync(path);
  return new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
};
