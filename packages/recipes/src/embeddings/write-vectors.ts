import { dirname, relative, resolve } from "node:path";
import { checkOptions } from "@cramkit/errors";
import { type EmbedOptions, type Example, embed } from "@cramkit/finetune";
import type { OpenedEmbeddingModel } from "./open-embedding-model.ts";
import { type VectorOfRow, writeVectorFile } from "./write-vector-file.ts";

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
 * Embeds texts into a file of vectors, of which nothing is seen before it is whole. Memory stays flat. Borrows the model.
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
  const { digest, pooling, maxLength } = model;
  let [done, cut] = [0, 0];
  const embedded = async function* (): AsyncGenerator<VectorOfRow> {
    for await (const { text, id, vector, cut: tokens } of embed(model, examples, { ...embedding, pooling })) {
      if (tokens > 0) cut++;
      yield { text, ...(id !== undefined && { id }), vector };
      onVector(++done);
    }
  };
  const origin = { model: relative(dirname(resolve(path)), resolve(modelPath)) || ".", digest, pooling, maxLength };
  return { ...(await writeVectorFile(path, embedded(), origin)), cut };
};
