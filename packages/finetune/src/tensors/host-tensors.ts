import type { TensorEntry } from "@cramkit/checkpoint";
import { entriesOf, type NamedTensors } from "./named-tensors.ts";

/** A copy on the host that stays as it is when the training goes on. Borrows the tensors. */
export const hostTensors = async (tensors: NamedTensors, prefix = ""): Promise<TensorEntry[]> => {
  const entries: TensorEntry[] = [];
  for (const { data, ...info } of entriesOf(tensors, prefix)) {
    // If the backend is the host, what is read is the memory that the next step writes into.
    entries.push({ ...info, data: (typeof data === "function" ? await data() : data).slice() });
  }
  return entries;
};
