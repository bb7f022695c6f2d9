import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { safetensorsChunks } from "@cramkit/checkpoint";
import { type CheckpointFormat, openCheckpoints } from "@cramkit/trainer/node";
import type { FinetuneCheckpoints, FinetuneState } from "../finetune-options.ts";
import { readEntries } from "./read-entries.ts";

/** A state as `tensors.safetensors`, `best.safetensors` and `state.json`. */
const format: CheckpointFormat<FinetuneState> = {
  async save({ learner: { tensors, ...learner }, best, ...rest }, write) {
    await write("tensors.safetensors", safetensorsChunks(tensors));
    if (best.length > 0) await write("best.safetensors", safetensorsChunks(best));
    await write("state.json", JSON.stringify({ learner, hasBest: best.length > 0, ...rest }));
  },
  async load(folder) {
    const { learner, hasBest, ...rest } = JSON.parse(await readFile(join(folder, "state.json"), "utf8"));
    return {
      ...rest,
      learner: { ...learner, tensors: await readEntries(join(folder, "tensors.safetensors")) },
      best: hasBest ? await readEntries(join(folder, "best.safetensors")) : [],
    };
  },
};

/**
 * Keeps the states of a finetuning in a folder, each whole or not at all and with checksums. A damaged one is passed over.
 *
 * @param say told of damaged ones
 */
export const checkpointsFolder = async (
  folder: string,
  say: (line: string) => void = () => {},
): Promise<FinetuneCheckpoints> => {
  const checkpoints = await openCheckpoints({ folder, format, keep: 1, onDamaged: say });
  return {
    load: async () => (await checkpoints.latest())?.state,
    save: (state) => checkpoints.write(state, { microbatch: state.learner.step }),
  };
};
