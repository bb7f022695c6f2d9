import { fault } from "@cramkit/errors";
import type { ByteSource } from "./byte-source.ts";
import { decodeElements } from "./elements.ts";
import { headerLength, parseHeader, type SafetensorsHeader, type TensorPlace } from "./safetensors-header.ts";
import type { TensorEntry, TensorInfo } from "./tensor-entry.ts";

/** An open checkpoint of one file or several. Nothing but headers is in memory until a tensor is read. */
export interface Checkpoint {
  metadata: Record<string, string>;
  /** Every tensor's name, type and shape, in the order of the file. */
  tensors: readonly TensorInfo[];
  /** Read one tensor. @throws RangeError for a name that the checkpoint does not have */
  read(name: string): Promise<TensorEntry>;
  /** Every tensor in turn; one is in memory at a time. */
  [Symbol.asyncIterator](): AsyncIterator<TensorEntry>;
  close(): Promise<void>;
}

/**
 * Open a safetensors file: a path, or any source of bytes. The whole header is checked before anything that it asks for
 * is allocated. The caller closes it.
 *
 * @throws RangeError if the file is truncated, is not safetensors, or its header contradicts itself
 */
export const openSafetensors = async (source: ByteSource): Promise<Checkpoint> => {
  try {
    const prefix = await source.read(0, Math.min(8, source.byteLength));
    const length = headerLength(prefix, source.byteLength, source.name);
    const header = parseHeader(await source.read(8, 8 + length), source.byteLength, source.name);
    return checkpointOf(source, header);
  } catch (error) {
    await source.close?.();
    throw error;
  }
};

const checkpointOf = (source: ByteSource, { metadata, tensors }: SafetensorsHeader): Checkpoint => {
  const places = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const load = async ({ name, dtype, shape, begin, end }: TensorPlace): Promise<TensorEntry> => {
    return { name, dtype, shape, data: decodeElements(dtype, await source.read(begin, end)) };
  };
  return {
    metadata,
    tensors: tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    async read(name) {
      const place = places.get(name);
      if (!place)
        throw fault({
          code: "invalid-argument",
          place: "read",
          problem: `expected a tensor of ${source.name}, got ${name}`,
          type: RangeError,
        });
      return load(place);
    },
    async *[Symbol.asyncIterator]() {
      for (const place of tensors) yield await load(place);
    },
    async close() {
      await source.close?.();
    },
  };
};
