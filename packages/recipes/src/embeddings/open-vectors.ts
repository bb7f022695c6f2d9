import { createHash } from "node:crypto";
import { type Checkpoint, openSafetensors, type TensorInfo } from "@cramkit/checkpoint";
import { type FileSource, fileSource } from "@cramkit/checkpoint/node";
import { checkOptions, fault, problemOf } from "@cramkit/errors";
import { type Found, type SearchOptions, searchRows } from "@cramkit/finetune";
import { contentDigest, type VectorOrigin, type VectorRow, vectorFormat } from "./vector-file.ts";

/** Vectors that are in memory at once. */
const block = 4096;

/** A text that was found, with the inner product of its vector with the query's. */
export type FoundRow = VectorRow & { readonly score: number };

/** An open file of vectors. */
export interface VectorFile {
  readonly path: string;
  readonly origin: VectorOrigin;
  readonly count: number;
  readonly dimension: number;
  /** Vectors `from` to `to`, without the last: `[to - from, dimension]`. */
  vectors(from: number, to: number): Promise<Float32Array>;
  /** What the vectors of these indices are of, in their order. */
  rows(indices: readonly number[]): Promise<VectorRow[]>;
  /** What is nearest to a vector, by exact inner products over the whole file, in flat memory. */
  nearest(query: Float32Array, options?: SearchOptions): Promise<FoundRow[]>;
  close(): Promise<void>;
}

/**
 * Opens a file that `writeVectors` wrote, and reads it once to compare it with its checksum. The caller closes it.
 *
 * @throws a fault `damaged-file` over a file that holds no vectors, is not whole, or was changed
 */
export const openVectors = async (path: string): Promise<VectorFile> => {
  const source = await fileSource(path);
  let file: Checkpoint;
  try {
    file = await openSafetensors(source);
  } catch (error) {
    throw noVectors(path, problemOf(error), error);
  }
  try {
    const { origin, count, dimension, sizes, checksum } = describedBy(file, path);
    const start = 8 + Number(new DataView((await source.read(0, 8)).buffer).getBigUint64(0, true));
    const [vectorBytes, endBytes] = sizes;
    await requireChecksum(path, { source, origin, sizes, start, checksum });
    const rowOf = async (row: number): Promise<VectorRow> => {
      // Where the row before it ends, and where it ends itself; the first begins at 0.
      const at = start + vectorBytes + 8 * row;
      const ends = await source.read(row === 0 ? at : at - 8, at + 8);
      const view = new DataView(ends.buffer, ends.byteOffset);
      const begin = row === 0 ? 0 : Number(view.getBigInt64(0, true));
      const end = Number(view.getBigInt64(row === 0 ? 0 : 8, true));
      const rows = start + vectorBytes + endBytes;
      const bytes = await source.read(rows + begin, rows + end);
      return JSON.parse(new TextDecoder().decode(bytes)) as VectorRow;
    };
    const vectors = async (from: number, to: number): Promise<Float32Array> => {
      const bytes = await source.read(start + 4 * dimension * from, start + 4 * dimension * to);
      return new Float32Array(bytes.buffer, bytes.byteOffset, (to - from) * dimension);
    };
    const rows = (indices: readonly number[]): Promise<VectorRow[]> => Promise.all(indices.map(rowOf));
    return {
      ...{ path, origin, count, dimension, vectors, rows },
      async nearest(query, options = {}) {
        checkOptions("nearest", options, { top: true });
        requireDimension(query, dimension, path);
        let best: Found<number>[] = [];
        // One piece of memory for all blocks: a new one for each takes longer than to read it.
        const memory = new Float32Array(Math.min(count, block) * dimension);
        for (let from = 0; from < count; from += block) {
          const values = memory.subarray(0, Math.min(count - from, block) * dimension);
          const bytes = new Uint8Array(values.buffer, 0, values.byteLength);
          await source.readInto(bytes, start + 4 * dimension * from);
          const found = searchRows(values, query, options);
          const here = found.map(({ item, score }) => ({ item: from + item, score }));
          // A stable sort: of equal ones the first row stays first.
          best = [...best, ...here].sort((a, b) => b.score - a.score).slice(0, options.top ?? 10);
        }
        return withRows(best, rows);
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
};

/** Found indices with what they are of. */
export const withRows = async (found: readonly Found<number>[], rows: VectorFile["rows"]): Promise<FoundRow[]> =>
  (await rows(found.map(({ item }) => item))).map((row, i) => ({ ...row, score: found[i]!.score }));

/** @throws a fault `invalid-input` over a query of another length, which another model has made */
export const requireDimension = (query: Float32Array, dimension: number, path: string): void => {
  if (query.length === dimension) return;
  throw fault({
    code: "invalid-input",
    place: path,
    problem: `expected a query of ${dimension} numbers, as these vectors have, got ${query.length}`,
    remedy: "embed the query with the model that made them",
    type: RangeError,
  });
};

const describedBy = ({ metadata, tensors }: Checkpoint, path: string) => {
  const { format, model, digest, vectorsDigest, contentDigest: checksum, pooling, maxLength } = metadata;
  const [vectors, ends, rows] = tensors as [TensorInfo, TensorInfo, TensorInfo];
  const isOurs =
    format === vectorFormat &&
    model !== undefined &&
    digest !== undefined &&
    vectorsDigest !== undefined &&
    checksum !== undefined &&
    (pooling === "mean" || pooling === "first") &&
    Number(maxLength) > 0 &&
    tensors.map(({ name, dtype, shape }) => `${name} ${dtype} ${shape.length}`).join() ===
      "vectors F32 2,row_ends I64 1,rows U8 1" &&
    ends.shape[0] === vectors.shape[0];
  if (!isOurs) throw noVectors(path, `format ${JSON.stringify(format ?? "none")}, ${tensors.length} tensors`);
  const [count, dimension] = vectors.shape as [number, number];
  const origin: VectorOrigin = { model, digest, vectorsDigest, pooling, maxLength: Number(maxLength) };
  return { origin, count, dimension, checksum, sizes: [4 * count * dimension, 8 * count, rows.shape[0]!] as const };
};

/** Reads the whole file: a changed vector or text would be found as if it were right. */
const requireChecksum = async (
  path: string,
  {
    source,
    origin,
    sizes: [vectorBytes, endBytes, rowBytes],
    start,
    checksum,
  }: {
    source: FileSource;
    origin: VectorOrigin;
    sizes: readonly [vectors: number, rowEnds: number, rows: number];
    start: number;
    checksum: string;
  },
): Promise<void> => {
  const digestOf = async (from: number, bytes: number): Promise<string> => {
    const hash = createHash("sha256");
    const memory = new Uint8Array(Math.min(bytes, 2 ** 20));
    for (let at = 0; at < bytes; at += memory.length) {
      const piece = memory.subarray(0, bytes - at);
      await source.readInto(piece, from + at);
      hash.update(piece);
    }
    return hash.digest("hex");
  };
  const digests = {
    vectors: await digestOf(start, vectorBytes),
    rowEnds: await digestOf(start + vectorBytes, endBytes),
    rows: await digestOf(start + vectorBytes + endBytes, rowBytes),
  };
  if (digests.vectors === origin.vectorsDigest && contentDigest(origin, digests) === checksum) return;
  throw fault({
    code: "damaged-file",
    place: path,
    problem: "its checksum does not match, its content was changed",
    remedy: "write it again with `cramkit embed`",
  });
};

const noVectors = (path: string, got: string, cause?: unknown) =>
  fault({
    code: "damaged-file",
    place: path,
    problem: `expected a file of vectors, got ${got}`,
    remedy: "name the file that `cramkit embed` wrote, or write it again",
    type: RangeError,
    cause,
  });
