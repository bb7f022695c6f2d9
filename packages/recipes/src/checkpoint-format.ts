import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openCheckpoint, type TensorEntry, writeSafetensors } from "@cramkit/checkpoint";
import { type State, type StateLayout, stateFromTensors, stateLayout, stateTensors } from "@cramkit/optim";
import type { Progress, TrainState } from "@cramkit/trainer";
import { type CheckpointFormat, writeFileAtomic } from "@cramkit/trainer/node";
import { entriesOf, type NamedTensors, tensorsOf } from "./named-tensors.ts";

interface StateFile {
  readonly progress: Progress;
  readonly cursor: unknown;
  readonly optimizer: StateLayout;
}

/** A training state as `tensors.safetensors` and `state.json`: everything that a resumed run needs. Borrows the state. */
export const stateFormat = <S extends State>(): CheckpointFormat<TrainState<NamedTensors, S>> => ({
  async save({ params, optimizer, progress, cursor }, folder) {
    const tensors = [...entriesOf(params, "param/"), ...entriesOf(stateTensors(optimizer), "optimizer/")];
    await writeSafetensors(join(folder, "tensors.safetensors"), tensors);
    const state: StateFile = { progress, cursor, optimizer: stateLayout(optimizer) };
    await writeFileAtomic(join(folder, "state.json"), JSON.stringify(state));
  },
  async load(folder) {
    const { progress, cursor, optimizer } = JSON.parse(await readFile(join(folder, "state.json"), "utf8")) as StateFile;
    const entries = await readEntries(join(folder, "tensors.safetensors"));
    return {
      params: tensorsOf(entries, "param/"),
      optimizer: stateFromTensors<S>(optimizer, tensorsOf(entries, "optimizer/")),
      progress,
      cursor,
    };
  },
});

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
