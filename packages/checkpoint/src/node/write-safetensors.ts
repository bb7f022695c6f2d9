import { checkOptions } from "@cramkit/errors";
import { writeFileAtomic } from "@cramkit/files";
import { type SafetensorsOptions, safetensorsChunks } from "../safetensors-chunks.ts";
import type { TensorToWrite } from "../tensor-entry.ts";

/** Write a safetensors file beside its final name, synced, then renamed. */
export const writeSafetensors = async (
  path: string,
  tensors: readonly TensorToWrite[],
  options: SafetensorsOptions = {},
): Promise<void> => {
  checkOptions("writeSafetensors", options, { metadata: true, floats: true });
  await writeFileAtomic(path, safetensorsChunks(tensors, options));
};
