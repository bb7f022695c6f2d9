import { bytesSource, openSafetensors, safetensorsChunks, type TensorEntry } from "@cramkit/checkpoint";
import { type StateLayout, stateFromTensors, stateLayout, stateTensors } from "@cramkit/optim";
import type { Progress } from "@cramkit/trainer";
import { type Tensor, tensor } from "@tensorflow/tfjs-core";
import type { LossPoint } from "../protocol.ts";
import type { Curve } from "./curve.ts";
import type { TrainingState } from "./training.ts";

/** The losses so far. */
export interface History {
  training: Curve;
  heldOut: LossPoint[];
}

/** Where a run stands, without its tensors. */
export interface Standing {
  progress: Progress;
  cursor: unknown;
  history: History;
}

type NamedTensors = Readonly<Record<string, Tensor>>;

/** Tensors for a file, each read from the device when its turn comes. Borrows them. */
export const entriesOf = (tensors: NamedTensors, prefix = "") =>
  Object.entries(tensors).map(([name, value]) => ({
    name: prefix + name,
    dtype: value.dtype === "int32" ? ("I32" as const) : ("F32" as const),
    shape: value.shape,
    data: async () => (await value.data()) as Float32Array | Int32Array,
  }));

const tensorsOf = (entries: readonly TensorEntry[], prefix: string): Record<string, Tensor> =>
  Object.fromEntries(
    entries
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name, dtype, shape, data }) => [
        name.slice(prefix.length),
        tensor(data as Float32Array, [...shape], dtype === "I32" ? "int32" : "float32"),
      ]),
  );

/** A training state as one safetensors file, piece by piece: one file is whole or not there. Borrows the state. */
export const snapshotChunks = (state: TrainingState, history: History): AsyncGenerator<Uint8Array> => {
  const { params, optimizer, progress, cursor } = state;
  const standing: Standing & { optimizer: StateLayout } = {
    ...{ progress, cursor, history },
    optimizer: stateLayout(optimizer),
  };
  const entries = [...entriesOf(params, "param/"), ...entriesOf(stateTensors(optimizer), "optimizer/")];
  return safetensorsChunks(entries, { metadata: { standing: JSON.stringify(standing) } });
};

/** Reads what `snapshotChunks` wrote; `load` puts it on the current device. @throws RangeError over a damaged file */
export const openSnapshot = async (bytes: Uint8Array, name: string): Promise<Standing & { load(): TrainingState }> => {
  const checkpoint = await openSafetensors(bytesSource(bytes, name));
  const entries: TensorEntry[] = [];
  for await (const entry of checkpoint) entries.push(entry);
  const { optimizer, ...standing } = JSON.parse(checkpoint.metadata.standing!) as Standing & { optimizer: StateLayout };
  const { progress, cursor } = standing;
  return {
    ...standing,
    load: () => ({
      params: tensorsOf(entries, "param/"),
      optimizer: stateFromTensors(optimizer, tensorsOf(entries, "optimizer/")),
      ...{ progress, cursor },
    }),
  };
};
