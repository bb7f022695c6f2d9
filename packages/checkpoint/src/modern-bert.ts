import { fault } from "@cramkit/errors";
import { regroupedRows } from "./regrouped-rows.ts";
import { formatShape, type TensorEntry } from "./tensor-entry.ts";

/** Names of ModernBERT and ours; `#` is a layer. */
const names = [
  ["model.embeddings.tok_embeddings", "encoder.embedding.word_embedding"],
  ["model.embeddings.norm", "encoder.embedding.norm"],
  ["model.layers.#.attn_norm", "encoder.layers.#.norm1"],
  ["model.layers.#.attn.Wqkv", "encoder.layers.#.attn.self_attention.query_key_value"],
  ["model.layers.#.attn.Wo", "encoder.layers.#.attn.dense"],
  ["model.layers.#.mlp_norm", "encoder.layers.#.norm2"],
  ["model.layers.#.mlp.Wi", "encoder.layers.#.ffn.dense_in"],
  ["model.layers.#.mlp.Wo", "encoder.layers.#.ffn.dense_out"],
  ["model.final_norm", "encoder.final_norm"],
  ["head.dense", "prediction_head.dense"],
  ["head.norm", "prediction_head.norm"],
  ["decoder", "decoder"],
  ["classifier", "head"],
] as const;
const toOurs = /* @__PURE__ */ new Map<string, string>(names);
const toTheirs = /* @__PURE__ */ new Map<string, string>(/* @__PURE__ */ names.map(([theirs, ours]) => [ours, theirs]));

export interface ModernBertNames {
  /** The number of attention heads, by which the rows of query, key and value are grouped. */
  heads: number;
  /**
   * Whether the decoder multiplies with the word embedding.
   * @defaultValue `true`
   */
  tieWeights?: boolean;
}

/**
 * Tensors of a ModernBERT of `transformers` under our names. Two change their layout: the rows of `Wqkv` from
 * `[3, heads, headDim]` to `[heads, 3, headDim]`, and those of `Wi`, whose gated half comes first there and last here.
 *
 * @throws RangeError listing every name that a ModernBERT does not have, and for a decoder that is said to be tied and is not
 */
export const fromModernBert = (
  tensors: Iterable<TensorEntry>,
  { heads, tieWeights = true }: ModernBertNames,
): TensorEntry[] => {
  const out: TensorEntry[] = [];
  const unknown: string[] = [];
  let copy: TensorEntry | undefined;
  for (const tensor of tensors) {
    if (tieWeights && tensor.name === "decoder.weight") {
      copy = tensor;
      continue;
    }
    // The encoder alone is saved without its prefix.
    const full = tensor.name.replace(/^(?=embeddings\.|layers\.|final_norm\.)/, "model.");
    const name = renamed(full, toOurs);
    if (name === undefined) unknown.push(tensor.name);
    else if (full.includes(".attn.Wqkv.")) out.push({ ...regroupedRows(tensor, [3, heads]), name });
    else if (full.includes(".mlp.Wi.")) out.push({ ...withHalvesSwapped(tensor), name });
    else out.push({ ...tensor, name });
  }
  if (unknown.length > 0) throw wrong("fromModernBert", `expected names of ModernBERT, got ${unknown.join(", ")}`);
  const table = out.find(({ name }) => name === "encoder.embedding.word_embedding.weight");
  if (copy && table && !isSame(copy, table))
    throw wrong(
      "fromModernBert",
      `expected decoder.weight to be tied to ${table.name}, got other values`,
      "say tieWeights: false, or leave it out if the encoder alone is wanted",
    );
  return out;
};

/**
 * Our tensors under the names of ModernBERT; an encoder alone without the prefix `model.`, as `ModernBertModel` has it.
 *
 * @throws RangeError listing every tensor that ModernBERT has no place for
 */
export const toModernBert = (tensors: Iterable<TensorEntry>, { heads }: ModernBertNames): TensorEntry[] => {
  const all = [...tensors];
  const isBare = all.every(({ name }) => name.startsWith("encoder."));
  const out: TensorEntry[] = [];
  const unknown: string[] = [];
  for (const tensor of all) {
    const full = renamed(tensor.name, toTheirs);
    const name = isBare ? full?.replace(/^model\./, "") : full;
    if (full === undefined || name === undefined) unknown.push(tensor.name);
    else if (full.includes(".attn.Wqkv.")) out.push({ ...regroupedRows(tensor, [heads, 3]), name });
    else if (full.includes(".mlp.Wi.")) out.push({ ...withHalvesSwapped(tensor), name });
    else out.push({ ...tensor, name });
  }
  if (unknown.length > 0)
    throw wrong("toModernBert", `expected the tensors of a ModernBERT, got ${unknown.join(", ")}`);
  return out;
};

const wrong = (place: string, problem: string, remedy?: string) =>
  fault({ code: "invalid-argument", place, problem, ...(remedy && { remedy }), type: RangeError });

const renamed = (name: string, table: ReadonlyMap<string, string>): string | undefined => {
  const match = /^(.+)\.(weight|bias)$/.exec(name);
  if (!match) return undefined;
  const layer = /\.layers\.(\d+)\./.exec(name)?.[1];
  const target = table.get(match[1]!.replace(/\.layers\.\d+\./, ".layers.#."));
  return target && `${layer === undefined ? target : target.replace("#", layer)}.${match[2]}`;
};

const withHalvesSwapped = (tensor: TensorEntry): TensorEntry => {
  const { name, shape, data } = tensor;
  if (shape.length === 0 || shape[0]! % 2 !== 0)
    throw wrong("ModernBERT", `expected an even number of rows of ${name}, got ${formatShape(shape)}`);
  const out = data.slice();
  const half = data.length / 2;
  out.set(data.subarray(half) as never);
  out.set(data.subarray(0, half) as never, half);
  return { ...tensor, data: out };
};

const isSame = (a: TensorEntry, b: TensorEntry): boolean =>
  a.data.length === b.data.length && a.data.every((value, i) => Object.is(value, b.data[i]));
