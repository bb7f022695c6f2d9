import { checkOptions } from "@cramkit/errors";
import { encodeElements } from "./elements.ts";
import { formatHeader } from "./safetensors-header.ts";
import { type Dtype, elementBytes, elementCount, type TensorInfo, type TensorToWrite } from "./tensor-entry.ts";

export interface SafetensorsOptions {
  /**
   * Strings to strings; `transformers` needs `{ format: "pt" }`.
   * @defaultValue no metadata
   */
  metadata?: Record<string, string>;
  /**
   * Store floating-point tensors in this type instead of their own.
   * @defaultValue the type that each tensor has
   */
  floats?: "F32" | "F16" | "BF16";
}

/** A safetensors file piece by piece: its header, then one tensor at a time, whose data is asked for when its turn comes. */
export async function* safetensorsChunks(
  tensors: readonly TensorToWrite[],
  options: SafetensorsOptions = {},
): AsyncGenerator<Uint8Array> {
  checkOptions("safetensorsChunks", options, { metadata: true, floats: true });
  const { metadata = {}, floats } = options;
  const stored = tensors.map((tensor) => ({ ...tensor, dtype: storedAs(tensor, floats) }));
  yield formatHeader(stored, metadata);
  for (const tensor of stored) {
    yield encodeElements(tensor, typeof tensor.data === "function" ? await tensor.data() : tensor.data);
  }
}

const storedAs = ({ dtype }: TensorInfo, floats: SafetensorsOptions["floats"]): Dtype => {
  return floats && (dtype === "F32" || dtype === "F16" || dtype === "BF16" || dtype === "F64") ? floats : dtype;
};

export const storedBytes = (tensor: TensorInfo, floats: SafetensorsOptions["floats"]): number => {
  return elementCount(tensor.shape) * elementBytes(storedAs(tensor, floats));
};
