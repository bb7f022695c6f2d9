import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { safetensorsChunks, type TensorInfo } from "@cramkit/checkpoint";
import { fault, toFault } from "@cramkit/errors";
import { createAtomicFile, createTemporaryFolder } from "@cramkit/files";
import { contentDigest, type VectorOrigin, type VectorRow, vectorFormat } from "./vector-file.ts";

/** A text's vector, and what search shows of it. */
export type VectorOfRow = VectorRow & { readonly vector: Float32Array };

/**
 * Writes a file of vectors, of which nothing is seen before it is whole. Memory stays flat: vectors and texts wait in files
 * beside it until their number is known.
 *
 * @param items Their vectors are `[hidden]`, each of length 1.
 * @param origin How the vectors were made; `model` is the folder's path as it is seen from the file's folder.
 * @throws a fault `invalid-input` over vectors of different lengths, and over none
 */
export const writeVectorFile = async (
  path: string,
  items: AsyncIterable<VectorOfRow> | Iterable<VectorOfRow>,
  origin: Omit<VectorOrigin, "vectorsDigest">,
): Promise<{ readonly count: number; readonly dimension: number }> => {
  const folder = await createTemporaryFolder(dirname(resolve(path)), basename(path));
  const parts = { vectors: join(folder, "vectors"), rows: join(folder, "rows"), ends: join(folder, "ends") };
  // The file that was asked for, not a temporary one.
  const failed = (error: unknown): never => {
    throw toFault(error, { place: path });
  };
  let [count, dimension, bytes] = [0, 0, 0];
  const hashes = { vectors: createHash("sha256"), rowEnds: createHash("sha256"), rows: createHash("sha256") };
  try {
    const files = await Promise.all([parts.vectors, parts.rows, parts.ends].map((part) => open(part, "w")));
    const [vectors, rows, ends] = files as [FileHandle, FileHandle, FileHandle];
    try {
      for await (const { text, id, vector } of items) {
        dimension ||= vector.length;
        if (vector.length !== dimension)
          throw fault({
            code: "invalid-input",
            place: path,
            problem: `expected vectors of ${dimension} numbers, as the first has, got ${vector.length} in number ${count + 1}`,
            remedy: "embed all texts with one model",
            type: RangeError,
          });
        const row = Buffer.from(`${JSON.stringify({ text, ...(id !== undefined && { id }) })}\n`);
        bytes += row.length;
        const values = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
        const end = new Uint8Array(BigInt64Array.of(BigInt(bytes)).buffer);
        hashes.vectors.update(values);
        hashes.rows.update(row);
        hashes.rowEnds.update(end);
        // All of each: a full disk takes a part of what is written, and then refuses the rest.
        await vectors.appendFile(values).catch(failed);
        await rows.appendFile(row).catch(failed);
        await ends.appendFile(end).catch(failed);
        count++;
      }
    } finally {
      await Promise.all(files.map((file) => file.close()));
    }
    if (count === 0)
      throw fault({
        code: "invalid-input",
        place: path,
        problem: "expected texts to embed, got none",
        remedy: "give other data",
        type: RangeError,
      });
    const { model, digest, pooling, maxLength } = origin;
    const digests = {
      vectors: hashes.vectors.digest("hex"),
      rowEnds: hashes.rowEnds.digest("hex"),
      rows: hashes.rows.digest("hex"),
    };
    const metadata = {
      ...{ format: vectorFormat, model, digest, pooling, maxLength: String(maxLength) },
      ...{ vectorsDigest: digests.vectors, contentDigest: contentDigest(origin, digests) },
    };
    const tensors: (TensorInfo & { part: string })[] = [
      { name: "vectors", dtype: "F32", shape: [count, dimension], part: parts.vectors },
      { name: "row_ends", dtype: "I64", shape: [count], part: parts.ends },
      { name: "rows", dtype: "U8", shape: [bytes], part: parts.rows },
    ];
    const file = await createAtomicFile(path);
    try {
      await file.write(await headerOf(tensors, metadata));
      for (const { part } of tensors)
        for await (const chunk of createReadStream(part)) await file.write(chunk as Uint8Array);
      await file.commit();
    } finally {
      await file.abort();
    }
    return { count, dimension };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** The beginning of a safetensors file, whose data come from elsewhere. */
const headerOf = async (tensors: readonly TensorInfo[], metadata: Record<string, string>): Promise<Uint8Array> => {
  const infos = tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape, data: () => new Uint8Array() }));
  for await (const header of safetensorsChunks(infos, { metadata })) return header;
  throw new Error("writeVectors: expected a header, got none");
};
