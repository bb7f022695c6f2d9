import { type Checkpoint, openSafetensors, type TensorInfo } from "@cramkit/checkpoint";
import { fileSource } from "@cramkit/checkpoint/node";
import { checkOptions, fault, problemOf } from "@cramkit/errors";
import { type Found, type SearchOptions, search } from "@cramkit/finetune";
import { type VectorOrigin, type VectorRow, vectorFormat } from "./vector-file.ts";

/** Vectors that are in memory at once. */
const block = 4096;

/** An open file of vectors. */
export interface VectorFile {
  readonly origin: VectorOrigin;
  readonly count: number;
  readonly dimension: number;
  /** What is nearest to a vector, by exact inner products over the whole file, in flat memory. */
  nearest(query: Float32Array, options?: SearchOptions): Promise<(VectorRow & { readonly score: number })[]>;
  close(): Promise<void>;
}

/**
 * Opens a file that `writeVectors` wrote. The caller closes it.
 *
 * @throws a fault `damaged-file` over a file that is none, or is not whole
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
    const { origin, count, dimension, sizes } = describedBy(file, path);
    const start = 8 + Number(new DataView((await source.read(0, 8)).buffer).getBigUint64(0, true));
    const [vectorBytes, endBytes] = sizes;
    const endOf = async (row: number): Promise<number> => {
      if (row < 0) return 0;
      const at = start + vectorBytes + 8 * row;
      return Number(new DataView((await source.read(at, at + 8)).buffer).getBigInt64(0, true));
    };
    const rowOf = async (row: number): Promise<VectorRow> => {
      const rows = start + vectorBytes + endBytes;
      const bytes = await source.read(rows + (await endOf(row - 1)), rows + (await endOf(row)));
      return JSON.parse(new TextDecoder().decode(bytes)) as VectorRow;
    };
    return {
      origin,
      count,
      dimension,
      async nearest(query, options = {}) {
        checkOptions("nearest", options, { top: true });
        let best: Found<{ row: number; vector: Float32Array }>[] = [];
        for (let from = 0; from < count; from += block) {
          const to = Math.min(count, from + block);
          const bytes = await source.read(start + 4 * dimension * from, start + 4 * dimension * to);
          const values = new Float32Array(bytes.buffer, bytes.byteOffset, (to - from) * dimension);
          const items = Array.from({ length: to - from }, (_, i) => ({
            row: from + i,
            vector: values.subarray(i * dimension, (i + 1) * dimension),
          }));
          best = search([...best.map(({ item }) => item), ...items], query, options);
          // What stays must not hold its whole block.
          best = best.map(({ item, score }) => ({ item: { ...item, vector: item.vector.slice() }, score }));
        }
        return Promise.all(best.map(async ({ item, score }) => ({ ...(await rowOf(item.row)), score })));
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
};

const describedBy = ({ metadata, tensors }: Checkpoint, path: string) => {
  const { format, model, digest, pooling, maxLength } = metadata;
  const [vectors, ends, rows] = tensors as [TensorInfo, TensorInfo, TensorInfo];
  const isOurs =
    format === vectorFormat &&
    model !== undefined &&
    digest !== undefined &&
    (pooling === "mean" || pooling === "first") &&
    Number(maxLength) > 0 &&
    tensors.map(({ name, dtype, shape }) => `${name} ${dtype} ${shape.length}`).join() ===
      "vectors F32 2,row_ends I64 1,rows U8 1" &&
    ends.shape[0] === vectors.shape[0];
  if (!isOurs) throw noVectors(path, `format ${JSON.stringify(format ?? "none")}, ${tensors.length} tensors`);
  const [count, dimension] = vectors.shape as [number, number];
  const origin: VectorOrigin = { model, digest, pooling, maxLength: Number(maxLength) };
  return { origin, count, dimension, sizes: [4 * count * dimension, 8 * count, rows.shape[0]!] as const };
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
