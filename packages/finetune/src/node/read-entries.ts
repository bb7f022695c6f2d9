import type { TensorEntry } from "@cramkit/checkpoint";
import { openCheckpoint } from "@cramkit/checkpoint/node";

/** All tensors of a safetensors file, or of a sharded checkpoint. */
export const readEntries = async (path: string): Promise<TensorEntry[]> => {
  const checkpoint = await openCheckpoint(path);
  try {
    const entries: TensorEntry[] = [];
    for await (const entry of checkpoint) entries.push(entry);
    return entries;
  } finally {
    await checkpoint.close();
  }
};
