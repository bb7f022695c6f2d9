import type { TensorEntry, TensorToWrite } from "@cramkit/checkpoint";
import { type Tensor, tensor } from "@tensorflow/tfjs-core";

/** Tensors by name, as parameters and optimizer states hold them. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** Entries of a checkpoint for tensors on the device, each fetched when its turn comes. Borrows the tensors. */
export const entriesOf = (tensors: NamedTensors, prefix = ""): TensorToWrite[] =>
  Object.entries(tensors).map(([name, value]) => ({
    name: prefix + name,
    dtype: value.dtype === "int32" ? "I32" : "F32",
    shape: value.shape,
    data: async () => (await value.data()) as Float32Array | Int32Array,
  }));

/** The tensors of checkpoint entries whose name begins with `prefix`, on the device, without the prefix; float64 rounded. */
export const tensorsOf = (entries: readonly TensorEntry[], prefix = ""): Record<string, Tensor> =>
  Object.fromEntries(
    entries
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name, dtype, shape, data }) => [
        name.slice(prefix.length),
        tensor(
          data instanceof Float64Array ? Float32Array.from(data) : (data as Float32Array),
          [...shape],
          dtype === "I32" ? "int32" : "float32",
        ),
      ]),
  );

export const disposeTensors = (tensors: NamedTensors): void => {
  for (const value of Object.values(tensors)) value.dispose();
};
