import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { checkOptions, fault } from "@cramkit/errors";
import { makeFolder, nameInside, removeLeftovers, writeFileAtomic } from "@cramkit/files";
import { checkSeed } from "@cramkit/random";
import { checkPackOptions, type PackOptions, type TokenDocuments } from "../pack-rows.ts";
import type { RowOrder } from "../row-order.ts";
import { tokenBytes } from "../rows.ts";
import { checksum } from "./checksum.ts";
import { hasDigest, noDocuments, withDigest } from "./documents-digest.ts";
import {
  type Json,
  type Manifest,
  manifestDigest,
  manifestFormat,
  manifestName,
  manifestVersion,
  readManifest,
} from "./manifest.ts";
import { loadPreparation, type Preparation, preparationFolder, removeFinishedPreparation } from "./preparation.ts";
import { mergeIntoShards, packIntoRuns, packIntoShards, sortRuns, type Work } from "./preparation-steps.ts";
import { preparedSetKey } from "./prepared-set-key.ts";

export interface PrepareProgress {
  phase: "pack" | "sort" | "merge";
  documents: number;
  /** Rows packed, sorted or written so far, by phase. */
  rows: number;
}

export interface PrepareOptions extends PackOptions {
  /** @defaultValue `"as-is"` */
  order?: RowOrder;
  /**
   * Seed of the "shuffled" order.
   * @defaultValue `233`
   */
  seed?: number;
  /**
   * Keep the first rows of the order only.
   * @defaultValue no limit
   */
  maxRows?: number;
  /**
   * Rounded down to whole blocks of 256 KiB.
   * @defaultValue what fills 64 MiB
   */
  rowsPerShard?: number;
  /**
   * What sorting may hold in memory. Every other order than "as-is" also needs the size of the set once more on disk.
   * @defaultValue 256 MiB
   */
  memoryBytes?: number;
  /**
   * What made the documents, as JSON: part of the key of the set, and stored in its manifest.
   * @defaultValue `null`
   */
  configuration?: unknown;
  /**
   * What the caller counted over the documents so far, as JSON. Asked while the source waits for its latest document to
   * be taken up, so a generator should count a document after its `yield`; kept with every finished file.
   * @defaultValue notes of `null`
   */
  notes?: () => unknown;
  /**
   * Asked once, when all is written, with the last notes: what the manifest shall say, as JSON.
   * @defaultValue a report of `null`
   */
  report?: (notes: Json) => unknown;
  /**
   * Small files to put into the folder, such as `{ "tokenizer.json": text }`.
   * @defaultValue no files
   */
  files?: Record<string, string>;
  /** @defaultValue says nothing */
  onProgress?: (progress: PrepareProgress) => void;
  /**
   * Stops between two blocks; what is finished is kept.
   * @defaultValue runs to its end
   */
  signal?: AbortSignal;
}

/**
 * The documents of a preparation. As a function it is asked for the documents from number `from` on, with what was noted
 * down about the earlier ones (null at the start), so that a resumed preparation need not make those again; an iterable
 * must begin at the first document every time.
 */
export type DocumentSource = TokenDocuments | ((from: number, notes: Json) => TokenDocuments);

/**
 * Packs documents into the ordered rows of a prepared set in `folder`. Streams: memory stays flat. A set of the same
 * configuration that lies there already is returned as it is, after all documents have been read once more: they must be those
 * that it was made from. An unfinished one is continued after its last finished file; another one is refused. The rows depend on documents and options alone.
 */
export const writePreparedSet = async (
  folder: string,
  documents: DocumentSource,
  options: PrepareOptions,
): Promise<Manifest> => {
  checkOptions("writePreparedSet", options, {
    seqLength: true,
    vocabSize: true,
    separatorId: true,
    startId: true,
    order: true,
    seed: true,
    maxRows: true,
    rowsPerShard: true,
    memoryBytes: true,
    configuration: true,
    notes: true,
    report: true,
    files: true,
    onProgress: true,
    signal: true,
  });
  checkValues(options);
  const { order = "as-is", seed = 233, configuration = null, maxRows = Number.MAX_SAFE_INTEGER } = options;
  const { seqLength, vocabSize, separatorId, startId } = options;
  const layout = rowLayout(options);
  const packing = packingOf(options, order, seed, layout.rowsPerShard);
  const key = preparedSetKey({ packing, configuration });

  const existing = await readManifest(folder);
  if (existing) {
    if (existing.key !== key)
      throw fault({
        code: "exists",
        place: folder,
        problem: `expected an empty folder or a set with key ${key}, got a set with key ${existing.key}`,
        remedy: "choose another folder or remove this one",
      });
    const given = typeof documents === "function" ? documents(0, null) : documents;
    const { documentsDigest, counts } = existing;
    if (documentsDigest !== undefined && !(await hasDigest(given, counts.documents, documentsDigest)))
      throw fault({
        code: "exists",
        place: folder,
        problem: "expected the documents that its rows were made from, got others",
        remedy: "remove this folder to prepare them anew, or choose another",
      });
    await removeFinishedPreparation(folder);
    return existing;
  }
  const state = (await loadPreparation(folder, key)) ?? newPreparation(key);
  await checkFinishedFiles(folder, state);
  await makeFolder(join(folder, preparationFolder));
  await removeLeftovers(folder);
  await removeLeftovers(join(folder, preparationFolder));

  let digest = state.documents ?? noDocuments;
  const work: Work = {
    folder,
    temporary: join(folder, preparationFolder),
    state,
    layout,
    maxRows,
    memoryBytes: options.memoryBytes ?? 256 * 2 ** 20,
    packOptions: { seqLength, vocabSize, separatorId, startId },
    notes: () => structuredClone((options.notes?.() ?? null) as Json),
    digest: () => digest,
    report: (phase, rows) => {
      options.signal?.throwIfAborted();
      options.onProgress?.({ phase, documents: state.position.documents, rows });
    },
  };
  const from = () => {
    const { documents: first } = state.position;
    const rest = typeof documents === "function" ? documents(first, state.notes) : skipped(documents, state);
    return withDigest(rest, digest, (next) => {
      digest = next;
    });
  };
  if (order === "as-is") {
    if (!state.packed) await packIntoShards(work, from());
  } else {
    if (!state.packed) await packIntoRuns(work, from(), order, seed);
    await sortRuns(work, order, seed);
    await mergeIntoShards(work);
  }

  const files: Manifest["files"] = [];
  for (const [file, text] of Object.entries(options.files ?? {})) {
    await writeFileAtomic(nameInside(folder, file, "writePreparedSet: files"), text);
    const bytes = new TextEncoder().encode(text);
    files.push({ file, bytes: bytes.length, checksum: checksum(bytes) });
  }
  const rowCount = state.shards.reduce((sum, shard) => sum + shard.rows, 0);
  const content: Omit<Manifest, "digest"> = {
    format: manifestFormat,
    version: manifestVersion,
    key,
    seqLength: options.seqLength,
    rowCount,
    vocabSize: options.vocabSize,
    tokenBytes: tokenBytes(options.vocabSize),
    rowsPerShard: layout.rowsPerShard,
    rowsPerBlock: layout.rowsPerBlock,
    shards: state.shards,
    files,
    counts: {
      documents: state.position.documents,
      emptyDocuments: state.position.emptyDocuments,
      tokens: rowCount * options.seqLength,
      droppedTokens: state.droppedTokens,
      droppedRows: state.droppedRows,
    },
    documentsDigest: (state.documents ?? noDocuments).value,
    packing,
    configuration,
    report: (options.report?.(state.notes) ?? null) as Json,
  };
  const manifest: Manifest = { ...content, digest: manifestDigest(content) };
  await writeFileAtomic(join(folder, manifestName), `${JSON.stringify(manifest, null, 1)}\n`);
  await rm(join(folder, preparationFolder), { recursive: true, force: true });
  return manifest;
};

const checkValues = (options: PrepareOptions): void => {
  checkPackOptions("writePreparedSet", options);
  if (options.seed !== undefined) checkSeed("writePreparedSet", options.seed);
  const { order = "as-is", vocabSize } = options;
  for (const name of ["maxRows", "rowsPerShard", "memoryBytes"] as const) {
    const value = options[name];
    if (value !== undefined && !(Number.isInteger(value) && value > 0))
      throw fault({
        code: "invalid-argument",
        place: "writePreparedSet",
        problem: `expected ${name} to be a positive integer, got ${value}`,
        type: RangeError,
      });
  }
  if (typeof order === "string") return;
  if (
    order.by === "token-count" &&
    !(Number.isInteger(order.tokenId) && order.tokenId >= 0 && order.tokenId < vocabSize)
  )
    throw fault({
      code: "invalid-argument",
      place: "writePreparedSet",
      problem: `expected order.tokenId to be a token id below vocabSize ${vocabSize}, got ${order.tokenId}`,
      type: RangeError,
    });
  if (
    order.by === "length" &&
    !(order.tokenLengths.length === vocabSize && Array.from(order.tokenLengths).every(Number.isFinite))
  )
    throw fault({
      code: "invalid-argument",
      place: "writePreparedSet",
      problem: `expected order.tokenLengths to hold a number for each of ${vocabSize} tokens, got ${order.tokenLengths.length} entries`,
      type: RangeError,
    });
};

const newPreparation = (key: string): Preparation => {
  return {
    version: manifestVersion,
    key,
    position: { documents: 0, offset: 0, emptyDocuments: 0, tokens: 0 },
    notes: null,
    packed: false,
    droppedTokens: 0,
    droppedRows: 0,
    runs: [],
    consumed: [],
    shards: [],
    nextRun: 0,
  };
};

const rowLayout = ({ seqLength, vocabSize, rowsPerShard }: PrepareOptions): Work["layout"] => {
  const rowBytes = seqLength * tokenBytes(vocabSize);
  const blockRows = Math.max(1, Math.floor(2 ** 18 / rowBytes));
  const rowsPerBlock = Math.min(blockRows, rowsPerShard ?? blockRows);
  const shardRows = rowsPerShard ?? 256 * rowsPerBlock;
  return { seqLength, vocabSize, rowBytes, rowsPerBlock, rowsPerShard: shardRows - (shardRows % rowsPerBlock) };
};

/** What decides the rows, as JSON. Tables stand by their digest, a custom score by its name. */
const packingOf = (options: PrepareOptions, order: RowOrder, seed: number, rowsPerShard: number): Json => {
  const { seqLength, vocabSize, separatorId, startId, maxRows } = options;
  let orderJson: Json;
  if (typeof order === "string") orderJson = order === "shuffled" ? { by: order, seed } : order;
  else if (order.by === "length")
    orderJson = { ...order, tokenLengths: preparedSetKey(Array.from(order.tokenLengths)) };
  else if (order.by === "score") orderJson = { by: order.by, name: order.name, direction: order.direction };
  else orderJson = { ...order };
  return { seqLength, vocabSize, separatorId, startId, order: orderJson, maxRows, rowsPerShard };
};

/** Leaves out the documents that are packed already. */
async function* skipped(documents: TokenDocuments, { position }: Preparation): AsyncGenerator<ArrayLike<number>> {
  let index = 0;
  for await (const document of documents) if (index++ >= position.documents) yield document;
}

const checkFinishedFiles = async (folder: string, state: Preparation): Promise<void> => {
  const finished = [
    ...state.shards.map((shard) => ({ ...shard, path: join(folder, shard.file) })),
    ...state.runs.map((run) => ({ ...run, path: join(folder, preparationFolder, run.file) })),
  ];
  for (const { path, bytes } of finished) {
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    );
    if (size !== bytes)
      throw fault({
        code: "damaged-file",
        place: path,
        problem: `expected ${bytes} bytes from the interrupted preparation, got ${size}`,
        remedy: `remove ${folder} and prepare again`,
      });
  }
};
