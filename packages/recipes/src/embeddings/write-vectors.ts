import { createReadStream } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { safetensorsChunks, type TensorInfo } from "@cramkit/checkpoint";
import { checkOptions, fault } from "@cramkit/errors";
import { createAtomicFile, createTemporaryFolder } from "@cramkit/files";
import { type EmbedOptions, type Example, embed } from "@cramkit/finetune";
import type { OpenedEmbeddingModel } from "./open-embedding-model.ts";
import { vectorFormat } from "./vector-file.ts";

export interface WriteVectorsOptions extends Pick<EmbedOptions, "batchSize" | "window" | "signal"> {
  /** The model's folder, which `search` looks for from the file's. */
  readonly modelPath: string;
  /** Told after each text. @defaultValue says nothing */
  readonly onVector?: (done: number) => void;
}

/** What was written. */
export interface WrittenVectors {
  readonly count: number;
  readonly dimension: number;
  /** Texts that were cut. */
  readonly cut: number;
}

/**
 * Embeds texts into a file of vectors, of which nothing is seen before it is whole. Memory stays flat: vectors and texts wait
 * in files beside it until their number is known. Borrows the model.
 *
 * @throws a fault `invalid-input` over an empty text, and over no text at all
 */
export const writeVectors = async (
  path: string,
  model: OpenedEmbeddingModel,
  examples: AsyncIterable<Example>,
  options: WriteVectorsOptions,
): Promise<WrittenVectors> => {
  checkOptions("writeVectors", options, {
    modelPath: true,
    onVector: true,
    batchSize: true,
    window: true,
    signal: true,
  });
  const { modelPath, onVector = () => {}, ...embedding } = options;
  const folder = await createTemporaryFolder(dirname(resolve(path)), basename(path));
  const parts = { vectors: join(folder, "vectors"), rows: join(folder, "rows"), ends: join(folder, "ends") };
  const dimension = model.config.hidden;
  let [count, cut, bytes] = [0, 0, 0];
  try {
    const files = await Promise.all([parts.vectors, parts.rows, parts.ends].map((part) => open(part, "w")));
    const [vectors, rows, ends] = files as [FileHandle, FileHandle, FileHandle];
    try {
      for await (const { text, id, vector, cut: tokens } of embed(model, examples, {
        ...embedding,
        pooling: model.pooling,
      })) {
        const row = Buffer.from(`${JSON.stringify({ text, ...(id !== undefined && { id }) })}\n`);
        bytes += row.length;
        await vectors.write(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
        await rows.write(row);
        await ends.write(new Uint8Array(BigInt64Array.of(BigInt(bytes)).buffer));
        if (tokens > 0) cut++;
        onVector(++count);
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
    const { digest, pooling, maxLength } = model;
    const metadata = {
      ...{ format: vectorFormat, digest, pooling, maxLength: String(maxLength) },
      model: relative(dirname(resolve(path)), resolve(modelPath)) || ".",
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
    return { count, dimension, cut };
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
