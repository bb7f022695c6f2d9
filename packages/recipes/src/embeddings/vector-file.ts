import { createHash } from "node:crypto";

/**
 * The layout of a file of vectors: a safetensors file with `vectors` F32 `[count, dimension]`, each of length 1; `rows` U8, a
 * JSON object a line with the `text` of each vector and its `id` if it has one; and `row_ends` I64 `[count]`, the byte after each
 * row. The metadata say which model made them, and how, with a checksum over all of it.
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

/** SHA-256 of each tensor's bytes. */
export interface TensorDigests {
  readonly vectors: string;
  readonly rowEnds: string;
  readonly rows: string;
}

/** The checksum of a whole file: SHA-256 over what its metadata say and the checksums of its tensors. */
export const contentDigest = (
  { model, digest, pooling, maxLength }: Omit<VectorOrigin, "vectorsDigest">,
  { vectors, rowEnds, rows }: TensorDigests,
): string =>
  createHash("sha256")
    .update(JSON.stringify([vectorFormat, model, digest, pooling, maxLength, vectors, rowEnds, rows]))
    .digest("hex");

/** What a vector is of. */
export interface VectorRow {
  readonly text: string;
  /** @defaultValue absent if it has none */
  readonly id?: string;
}
