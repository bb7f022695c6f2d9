import { regroupedRows } from "./regrouped-rows.ts";
import type { TensorEntry } from "./tensor-entry.ts";

/** Query, key and value of the first version, whose rows are grouped `[3, heads, headDim]`. */
const firstVersion = /^(.*\.attn\.self_attention)\.(?:\w+\.)*Wqkv\.(weight|bias)$/;
const ofEncoder = /^(embedding|layers|final_norm|input_projection)\./;

export interface CrammedBertNames {
  /** The number of attention heads, by which the rows of query, key and value are grouped. */
  heads: number;
}

/**
 * Tensors of a published crammed-bert checkpoint, or of a run of the study, under the names of today: those of an encoder
 * alone get their prefix, and `Wqkv` of the first version becomes `query_key_value`, its rows regrouped from
 * `[3, heads, headDim]` to `[heads, 3, headDim]`. Other names pass: buffers, and the copy of a tied decoder.
 *
 * @throws RangeError for a `Wqkv` whose rows cannot be grouped by the heads
 */
export const fromCrammedBert = (tensors: Iterable<TensorEntry>, { heads }: CrammedBertNames): TensorEntry[] =>
  Array.from(tensors, (tensor) => {
    const name = ofEncoder.test(tensor.name) ? `encoder.${tensor.name}` : tensor.name;
    const match = firstVersion.exec(name);
    if (!match) return { ...tensor, name };
    return { ...regroupedRows(tensor, [3, heads], "fromCrammedBert"), name: `${match[1]}.query_key_value.${match[2]}` };
  });
