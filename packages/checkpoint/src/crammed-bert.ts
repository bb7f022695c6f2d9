import { formatShape, type TensorEntry } from "./tensor-entry.ts";

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
    return { ...regrouped(tensor, heads), name: `${match[1]}.query_key_value.${match[2]}` };
  });

/** `[3, heads, headDim]` -> `[heads, 3, headDim]` of the rows. */
const regrouped = (tensor: TensorEntry, heads: number): TensorEntry => {
  const { name, shape, data } = tensor;
  const rows = shape[0] ?? 0;
  if (rows % (3 * heads) !== 0) {
    throw new RangeError(
      `fromCrammedBert: expected ${name} to have rows for 3 times ${heads} heads, got ${formatShape(shape)}; does the configuration belong to these weights?`,
    );
  }
  const size = data.length / (3 * heads);
  const out = data.slice();
  for (let role = 0; role < 3; role++)
    for (let head = 0; head < heads; head++) {
      const from = (role * heads + head) * size;
      out.set(data.subarray(from, from + size) as never, (head * 3 + role) * size);
    }
  return { ...tensor, data: out };
};
