import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { safetensorsChunks, type TensorEntry } from "@cramkit/checkpoint";
import {
  disposeState,
  type OptimizerState,
  type StateLayout,
  stateFromTensors,
  stateLayout,
  stateTensors,
} from "@cramkit/optim";
import type { GuardState, Progress, TrainState } from "@cramkit/trainer";
import type { CheckpointFormat } from "@cramkit/trainer/node";
import { requireFinite } from "../finite-tensors.ts";
import { disposeTensors, entriesOf, type NamedTensors, readEntries, tensorsOf } from "../named-tensors.ts";
import type { Recipe } from "../recipe/recipe.ts";

export type TrainingState = TrainState<NamedTensors, OptimizerState>;

export const disposeTrainingState = ({ params, optimizer }: TrainingState): void => {
  disposeTensors(params);
  disposeState(optimizer);
};

/** What a run has used so far besides the training itself, over all its sessions. */
export interface Spent {
  /** Held-out losses; a part of the elapsed time, as are checkpoints. */
  readonly evaluationMs: number;
  readonly checkpointMs: number;
  /** From the first tensor read to the last byte on the disk. */
  readonly longestCheckpointMs: number;
  /**
   * Energy of all processor packages of the machine.
   *
   * @defaultValue absent if the system does not tell
   */
  readonly cpuJoules?: number;
  /**
   * Energy of the machine's NVIDIA card.
   *
   * @defaultValue absent if the system does not tell
   */
  readonly gpuJoules?: number;
}

/** Settings that may change on the way, and with them what a checkpoint says. */
type RunSettings = Pick<Recipe["training"], "budget" | "microbatchSize"> &
  Pick<Recipe["evaluation"], "rows" | "maskProbability">;

/** Those of a recipe. */
export const runSettings = ({ training, evaluation }: Recipe): RunSettings => ({
  budget: training.budget,
  microbatchSize: training.microbatchSize,
  rows: evaluation.rows,
  maskProbability: evaluation.maskProbability,
});

/** What a resumed run goes on from, besides tensors. */
export interface RunState {
  readonly microbatchSize: number;
  readonly guard: GuardState;
  readonly spent: Spent;
  /** The lowest held-out loss; null before the first. */
  readonly bestLoss: number | null;
  /**
   * What the recipe said then, of what a resumed run may say otherwise.
   *
   * @defaultValue absent in runs of older versions
   */
  readonly settings?: RunSettings;
}

/** A training state on the host: everything that a resumed run needs. */
export interface Snapshot {
  readonly tensors: readonly TensorEntry[];
  readonly run: RunState;
  readonly progress: Progress;
  readonly cursor: unknown;
  readonly optimizer: StateLayout;
}

/**
 * Reads a state from the device. Borrows it; the snapshot stays as it is when the training goes on.
 *
 * @throws a fault `not-finite` over weights that are NaN or infinite: there is nothing in them to go back to
 */
export const takeSnapshot = async (state: TrainingState, run: RunState): Promise<Snapshot> => {
  const { params, optimizer, progress, cursor } = state;
  const tensors: TensorEntry[] = [];
  for (const { data, ...info } of [
    ...entriesOf(params, "param/"),
    ...entriesOf(stateTensors(optimizer), "optimizer/"),
  ]) {
    // If the backend is the host, what is read is the memory that the next step writes into.
    const values = (typeof data === "function" ? await data() : data).slice();
    if (info.name.startsWith("param/")) requireFinite(values, { name: info.name.slice("param/".length) });
    tensors.push({ ...info, data: values });
  }
  return { tensors, run, progress, cursor, optimizer: stateLayout(optimizer) };
};

/** The state of a snapshot, on the device. */
export const stateOf = ({ tensors, progress, cursor, optimizer }: Snapshot): TrainingState => ({
  params: tensorsOf(tensors, "param/"),
  optimizer: stateFromTensors(optimizer, tensorsOf(tensors, "optimizer/")),
  progress,
  cursor,
});

/** A snapshot as `tensors.safetensors` and `state.json`. */
export const snapshotFormat: CheckpointFormat<Snapshot> = {
  async save({ tensors, ...rest }, write) {
    await write("tensors.safetensors", safetensorsChunks(tensors));
    await write("state.json", JSON.stringify(rest));
  },
  async load(folder) {
    const rest = JSON.parse(await readFile(join(folder, "state.json"), "utf8")) as Omit<Snapshot, "tensors">;
    const tensors = await readEntries(join(folder, "tensors.safetensors"));
    for (const { name, data } of tensors) if (name.startsWith("param/")) requireFinite(data, { name });
    return { ...rest, tensors };
  },
};
