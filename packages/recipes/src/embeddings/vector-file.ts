/**
 * The layout of a file of vectors: a safetensors file with `vectors` F32 `[count, dimension]`, each of length 1; `rows` U8, a
 * JSON object a line with the `text` of each vector and its `id` if it has one; and `row_ends` I64 `[count]`, the byte after each
 * row. The metadata say which model made them, and how.
 */
export const vectorFormat = "cramkit-vectors-1";

/** What the metadata of a file of vectors say. */
export interface VectorOrigin {
  /** The model's folder, seen from that of the file. */
  readonly model: string;
  /** SHA-256 over the model's files. */
  readonly digest: string;
  /** SHA-256 over the vectors' bytes, by which an approximate index knows them. */
  readonly vectorsDigest: string;
  readonly pooling: "first" | "mean";
  /** Tokens of the longest text. */
  readonly maxLength: number;
}

/** What a vector is of. */
export interface VectorRow {
  readonly text: string;
  /** @defaultValue absent if it has none */
  readonly id?: string;
}
