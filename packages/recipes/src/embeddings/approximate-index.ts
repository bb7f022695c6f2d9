import { createReadStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { checkOptions } from "@cramkit/errors";
import { createAtomicFolder, createTemporaryFolder, fileDigest } from "@cramkit/files";
import { innerProduct, type SearchOptions } from "@cramkit/finetune";
import type { Index } from "usearch";
import { Interrupted } from "../progress.ts";
import { readJson } from "../run-record.ts";
import { loadUsearch } from "./load-usearch.ts";
import { type FoundRow, requireDimension, type VectorFile, withRows } from "./open-vectors.ts";

const graphFormat = "cramkit-vector-graph-1";

/** Vectors that are added between two looks at the signal. */
const block = 256;

/** Neighbours a vector, and vectors that are looked at: by the log of searching, nothing larger finds more. */
const graphShape = { connectivity: 16, expansion_add: 128, expansion_search: 64 } as const;

/** What stands beside the graph: which vectors it is of, and what its file holds. */
interface GraphRecord {
  readonly format: string;
  readonly vectors: string;
  readonly count: number;
  readonly dimension: number;
  readonly bytes: number;
  readonly sha256: string;
}

export interface ApproximateIndexOptions {
  /** Told once before the index is built. @defaultValue says nothing */
  readonly onBuild?: () => void;
  /** Told how many vectors are in the index while it is built. @defaultValue says nothing */
  readonly onVector?: (done: number) => void;
  /** Stops the building, which then leaves nothing. @defaultValue never stopped */
  readonly signal?: AbortSignal;
}

/** Finds most of what is nearest, without looking at all of it. */
export interface ApproximateIndex {
  /**
   * What is nearest to a vector among those that the graph leads to, by their exact inner products: as `nearest` of the file,
   * but one may be missed.
   */
  nearest(query: Float32Array, options?: SearchOptions): Promise<FoundRow[]>;
}

/**
 * Opens the approximate index of a file of vectors: a graph (HNSW, Malkov and Yashunin, arXiv 1603.09320) by the package
 * usearch, in the folder `FILE.approximate`. It is built first if there is none, or if it is damaged or of other vectors. One
 * thread builds it, so the same vectors give the same graph. Borrows the file, which must stay open.
 *
 * @throws a fault `unsupported` if usearch is not installed, and `Interrupted` over a signal
 */
export const openApproximateIndex = async (
  vectors: VectorFile,
  options: ApproximateIndexOptions = {},
): Promise<ApproximateIndex> => {
  checkOptions("openApproximateIndex", options, { onBuild: true, onVector: true, signal: true });
  const { Index, MetricKind, ScalarKind } = await loadUsearch();
  const { path, count, dimension } = vectors;
  const empty = () =>
    new Index({
      ...{ dimensions: dimension, metric: MetricKind.IP, quantization: ScalarKind.F16, multi: false },
      ...graphShape,
    });
  const folder = `${path}.approximate`;
  if (!(await isWhole(folder, vectors))) {
    options.onBuild?.();
    await build(empty(), { folder, vectors, options });
  }
  const graph = empty();
  graph.view(join(folder, "graph.usearch"));
  return {
    async nearest(query, options = {}) {
      checkOptions("nearest", options, { top: true });
      requireDimension(query, dimension, path);
      const { top = 10 } = options;
      const wanted = Math.min(top, count);
      // The graph has vectors of 16 bits: twice as many as are wanted are compared by those of the file.
      const candidates = [...graph.search(query, Math.min(2 * wanted, count), 1).keys].map(Number);
      if (candidates.length < wanted) return vectors.nearest(query, options);
      const scored = await Promise.all(
        candidates.map(async (item) => ({ item, score: innerProduct(await vectors.vectors(item, item + 1), query) })),
      );
      scored.sort((a, b) => b.score - a.score || a.item - b.item);
      return withRows(scored.slice(0, wanted), vectors.rows);
    },
  };
};

/** A damaged graph would end the process, so all of its bytes are compared with its checksum. */
const isWhole = async (folder: string, { origin, count, dimension }: VectorFile): Promise<boolean> => {
  const record = (await readJson(join(folder, "graph.json")).catch(() => undefined)) as GraphRecord | undefined;
  const isOfThese =
    record?.format === graphFormat &&
    record.vectors === origin.vectorsDigest &&
    record.count === count &&
    record.dimension === dimension;
  if (!isOfThese) return false;
  const file = join(folder, "graph.usearch");
  if ((await stat(file).catch(() => undefined))?.size !== record.bytes) return false;
  return (await fileDigest(file)).sha256 === record.sha256;
};

const build = async (
  graph: Index,
  {
    folder,
    vectors,
    options: { onVector, signal },
  }: { folder: string; vectors: VectorFile; options: ApproximateIndexOptions },
): Promise<void> => {
  const { origin, count, dimension } = vectors;
  for (let from = 0; from < count; from += block) {
    if (signal?.aborted) throw new Interrupted("stopped while building the index; the same command builds it anew");
    const to = Math.min(count, from + block);
    const keys = BigUint64Array.from({ length: to - from }, (_, i) => BigInt(from + i));
    graph.add(keys, await vectors.vectors(from, to), 1);
    onVector?.(to);
    await new Promise(setImmediate); // in which a signal is heard
  }
  const place = resolve(folder);
  const temporary = await createTemporaryFolder(dirname(place), basename(place));
  const target = await createAtomicFolder(place);
  try {
    const saved = join(temporary, "graph");
    graph.save(saved);
    const { bytes, sha256 } = await target.write("graph.usearch", createReadStream(saved), { sha256: true });
    const record = { format: graphFormat, vectors: origin.vectorsDigest, count, dimension, bytes, sha256 };
    await target.write("graph.json", `${JSON.stringify(record, null, 2)}\n`);
    await target.commit();
  } finally {
    await target.abort();
    await rm(temporary, { recursive: true, force: true });
  }
};
