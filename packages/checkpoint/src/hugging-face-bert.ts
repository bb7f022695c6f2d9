import { fault } from "@cramkit/errors";
import { elementCount, formatShape, type TensorEntry } from "./tensor-entry.ts";

/**
 * Names of Hugging Face `BertForMaskedLM`, `BertModel` and `BertForSequenceClassification` to crammed-bert names and back.
 * The map is linear, so that it holds for gradients and for changes of weights as well as for weights.
 *
 * One tensor changes its layout: query, key and value `[hidden, hidden]` become one `[3 * hidden, hidden]` whose rows are
 * grouped `[heads, 3, headDim]`.
 */
const layerNames = [
  ["attention.output.dense", "attn.dense"],
  ["attention.output.LayerNorm", "norm1"],
  ["intermediate.dense", "ffn.dense_in"],
  ["output.dense", "ffn.dense_out"],
  ["output.LayerNorm", "norm2"],
] as const;

/** Outside of the layers: the name in Hugging Face, ours, and whether it stands under `bert.` there. */
const otherNames = [
  ["embeddings.word_embeddings.weight", "encoder.embedding.word_embedding.weight", true],
  ["embeddings.position_embeddings.weight", "encoder.embedding.pos_embedding.embedding.weight", true],
  ["embeddings.token_type_embeddings.weight", "encoder.embedding.token_type_embedding.weight", true],
  ["embeddings.LayerNorm.weight", "encoder.embedding.norm.weight", true],
  ["embeddings.LayerNorm.bias", "encoder.embedding.norm.bias", true],
  ["pooler.dense.weight", "pooler.dense.weight", true],
  ["pooler.dense.bias", "pooler.dense.bias", true],
  ["classifier.weight", "head.weight", false],
  ["classifier.bias", "head.bias", false],
  ["cls.predictions.bias", "decoder.bias", false],
  ["cls.predictions.transform.dense.weight", "prediction_head.dense.weight", false],
  ["cls.predictions.transform.dense.bias", "prediction_head.dense.bias", false],
  ["cls.predictions.transform.LayerNorm.weight", "prediction_head.norm.weight", false],
  ["cls.predictions.transform.LayerNorm.bias", "prediction_head.norm.bias", false],
] as const;

const decoderWeight = "cls.predictions.decoder.weight";
const decoderBias = "cls.predictions.decoder.bias";
/** A tied decoder's tensors are copies, and of what. */
const tied = new Map([
  [decoderWeight, "encoder.embedding.word_embedding.weight"],
  [decoderBias, "decoder.bias"],
]);
/** Those of a decoder that is not tied are its own. */
const untied = new Map([
  [decoderWeight, "decoder.weight"],
  [decoderBias, "decoder.bias"],
]);
/** Buffers that are not parameters, and parts of `BertForPreTraining` that no model of ours has. */
const dropped = /^((bert\.)?embeddings\.(position_ids|token_type_ids)|cls\.seq_relationship\..*)$/;

const selfAttention = /^encoder\.layer\.(\d+)\.attention\.self\.(query|key|value)\.(weight|bias)$/;
const fusedAttention = /^encoder\.layers\.(\d+)\.attn\.self_attention\.query_key_value\.(weight|bias)$/;
const roles = ["query", "key", "value"] as const;

export interface HuggingFaceNames {
  /** The number of attention heads, by which the rows of query, key and value are grouped. */
  heads: number;
  /**
   * Whether the decoder multiplies with the word embedding: `tie_word_embeddings`, true unless said otherwise.
   * @defaultValue `true`
   */
  tieWeights?: boolean;
}

/**
 * Tensors under Hugging Face names -> the same under crammed-bert names. Names that are ours already pass. The copies of
 * a tied decoder and the next-sentence head are left out.
 *
 * @throws RangeError listing every name that is neither, every incomplete query, key and value, and every decoder that is
 *   not tied although it is said to be
 */
export const fromHuggingFaceBert = (
  tensors: Iterable<TensorEntry>,
  { heads, tieWeights = true }: HuggingFaceNames,
): TensorEntry[] => {
  const out: TensorEntry[] = [];
  const unknown: string[] = [];
  const copies: TensorEntry[] = [];
  const attention = new Map<string, Partial<Record<(typeof roles)[number], TensorEntry>>>();
  for (const tensor of tensors) {
    if (dropped.test(tensor.name)) continue;
    if (tied.has(tensor.name)) {
      copies.push(tensor);
      continue;
    }
    const name = tensor.name.replace(/^bert\./, "").replace(/LayerNorm\.gamma$/, "LayerNorm.weight");
    const source = name.replace(/LayerNorm\.beta$/, "LayerNorm.bias");
    const match = selfAttention.exec(source);
    if (match) {
      const fused = `encoder.layers.${match[1]}.attn.self_attention.query_key_value.${match[3]}`;
      attention.set(fused, { ...attention.get(fused), [match[2]!]: tensor });
      continue;
    }
    const target = ourName(source);
    if (target) out.push({ ...tensor, name: target });
    else unknown.push(tensor.name);
  }
  for (const [name, { query, key, value }] of attention) {
    if (query && key && value) out.push(fuse(name, [query, key, value], heads));
    else unknown.push(`${name} (of query, key and value only a part)`);
  }
  for (const copy of tieWeights ? copies : []) {
    const original = out.find(({ name }) => name === tied.get(copy.name));
    if (original && !isSame(copy, original)) {
      throw fault({
        code: "invalid-argument",
        place: "fromHuggingFaceBert",
        problem: `expected ${copy.name} to be tied to ${original.name}, got other values`,
        remedy: "say tieWeights: false, or leave it out if the encoder alone is wanted",
        type: RangeError,
      });
    }
  }
  if (!tieWeights) {
    const own = copies.map((tensor) => ({ ...tensor, name: untied.get(tensor.name)! }));
    // A file of `transformers` 5 has two biases, and this one is added.
    const replaced = out.findIndex(({ name }) => name === "decoder.bias");
    if (replaced >= 0 && own.some(({ name }) => name === "decoder.bias")) out.splice(replaced, 1);
    out.push(...own);
  }
  if (unknown.length > 0) {
    throw fault({
      code: "invalid-argument",
      place: "fromHuggingFaceBert",
      problem: `expected names of Hugging Face BERT, got ${unknown.join(", ")}`,
      type: RangeError,
    });
  }
  return out;
};

/**
 * Tensors under crammed-bert names -> the same under the names of `BertForMaskedLM` and its siblings.
 *
 * @throws RangeError listing every tensor that BERT has no place for
 */
export const toHuggingFaceBert = (tensors: Iterable<TensorEntry>, { heads }: HuggingFaceNames): TensorEntry[] => {
  const out: TensorEntry[] = [];
  const unknown: string[] = [];
  for (const tensor of tensors) {
    const match = fusedAttention.exec(tensor.name);
    if (match) {
      const prefix = `bert.encoder.layer.${match[1]}.attention.self`;
      const names = roles.map((role) => `${prefix}.${role}.${match[2]}`);
      out.push(...split(tensor, names, heads));
      continue;
    }
    const target = theirName(tensor.name);
    if (target) out.push({ ...tensor, name: target });
    else unknown.push(tensor.name);
  }
  const bias = out.find(({ name }) => name === "cls.predictions.bias");
  // If the decoder is not tied, `transformers` 5 adds the bias beside its weight, version 4 the other: both get it.
  if (bias && out.some(({ name }) => name === decoderWeight)) out.push({ ...bias, name: decoderBias });
  if (unknown.length > 0) {
    throw fault({
      code: "invalid-argument",
      place: "toHuggingFaceBert",
      problem: `expected the tensors of a BERT, got ${unknown.join(", ")}`,
      type: RangeError,
    });
  }
  return out;
};

const ourName = (name: string): string | undefined => {
  const layer = /^encoder\.layer\.(\d+)\.(.+)\.(weight|bias)$/.exec(name);
  if (layer) {
    const part = layerNames.find(([theirs]) => theirs === layer[2]);
    return part && `encoder.layers.${layer[1]}.${part[1]}.${layer[3]}`;
  }
  const isOurs = fusedAttention.test(name) || theirName(name) !== undefined;
  return isOurs ? name : otherNames.find(([theirs]) => theirs === name)?.[1];
};

const isSame = (a: TensorEntry, b: TensorEntry): boolean => {
  const other = floats(b);
  return other.length === a.data.length && floats(a).every((value, i) => Object.is(value, other[i]));
};

const theirName = (name: string): string | undefined => {
  const layer = /^encoder\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name);
  if (layer) {
    const part = layerNames.find(([, ours]) => ours === layer[2]);
    return part && `bert.encoder.layer.${layer[1]}.${part[0]}.${layer[3]}`;
  }
  if (name === "decoder.weight") return decoderWeight;
  const other = otherNames.find(([, ours]) => ours === name);
  return other && (other[2] ? `bert.${other[0]}` : other[0]);
};

/** Three `[heads * headDim, ...]` -> one `[heads * 3 * headDim, ...]`, rows grouped per head. */
const fuse = (name: string, parts: readonly TensorEntry[], heads: number): TensorEntry => {
  const { shape, dtype } = parts[0]!;
  const block = blockSize(name, shape, heads);
  if (parts.some((part) => formatShape(part.shape) !== formatShape(shape))) {
    throw fault({
      code: "invalid-argument",
      place: "fromHuggingFaceBert",
      problem: `expected query, key and value of one shape for ${name}, got ${parts.map((part) => formatShape(part.shape)).join(", ")}`,
      type: RangeError,
    });
  }
  const data = new Float32Array(3 * elementCount(shape));
  for (let head = 0; head < heads; head++) {
    for (const [role, part] of parts.entries()) {
      data.set(floats(part).subarray(head * block, (head + 1) * block), (head * 3 + role) * block);
    }
  }
  return { name, dtype, shape: [3 * shape[0]!, ...shape.slice(1)], data };
};

const split = (tensor: TensorEntry, names: readonly string[], heads: number): TensorEntry[] => {
  const { shape, dtype } = tensor;
  const block = blockSize(tensor.name, shape, 3 * heads);
  const source = floats(tensor);
  return names.map((name, role) => {
    const data = new Float32Array(source.length / 3);
    for (let head = 0; head < heads; head++) {
      const from = (head * 3 + role) * block;
      data.set(source.subarray(from, from + block), head * block);
    }
    return { name, dtype, shape: [shape[0]! / 3, ...shape.slice(1)], data };
  });
};

const blockSize = (name: string, shape: readonly number[], blocks: number): number => {
  if (shape.length === 0 || shape[0]! % blocks !== 0) {
    throw fault({
      code: "invalid-argument",
      problem: `expected the rows of ${name} ${formatShape(shape)} to divide by ${blocks}; is the number of heads right?`,
      type: RangeError,
    });
  }
  return elementCount(shape) / blocks;
};

const floats = ({ name, data }: TensorEntry): Float32Array => {
  if (data instanceof Float32Array) return data;
  if (data instanceof Float64Array) return Float32Array.from(data);
  throw fault({
    code: "invalid-argument",
    problem: `expected ${name} to be held in float32, got ${data.constructor.name}`,
    type: TypeError,
  });
};
