import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { safetensorsChunks } from "@cramkit/checkpoint";
import { type OptimizerState, type StateLayout, stateFromTensors, stateLayout, stateTensors } from "@cramkit/optim";
import type { Progress, TrainState } from "@cramkit/trainer";
import type { CheckpointFormat } from "@cramkit/trainer/node";
import { entriesOf, type NamedTensors, readEntries, tensorsOf } from "../named-tensors.ts";

/** What is not a tensor in a state. */
interface Rest {
  readonly progress: Progress;
  readonly cursor: unknown;
  readonly optimizer: StateLayout;
}

/**
 * A training state of `@cramkit/trainer` as files of a checkpoint: `tensors.safetensors` with the parameters and the
 * optimizer's state, and `state.json` with the rest. `save` borrows the state and must end before the training goes on;
 * `load` returns new tensors. The cursor of the batches has to be plain JSON.
 *
 * ```ts
 * const checkpoints = await openCheckpoints({ folder, format: trainStateFormat });
 * ```
 */
export const trainStateFormat: CheckpointFormat<TrainState<NamedTensors, OptimizerState>> = {
  async save({ params, optimizer, progress, cursor }, write) {
    const tensors = [...entriesOf(params, "param/"), ...entriesOf(stateTensors(optimizer), "optimizer/")];
    await write("tensors.safetensors", safetensorsChunks(tensors));
    const rest: Rest = { progress, cursor, optimizer: stateLayout(optimizer) };
    await write("state.json", JSON.stringify(rest));
  },
  async load(folder) {
    const { progress, cursor, optimizer } = JSON.parse(await readFile(join(folder, "state.json"), "utf8")) as Rest;
    const tensors = await readEntries(join(folder, "tensors.safetensors"));
    return {
      params: tensorsOf(tensors, "param/"),
      optimizer: stateFromTensors(optimizer, tensorsOf(tensors, "optimizer/")),
      progress,
      cursor,
    };
  },
};
