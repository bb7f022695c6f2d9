import { type InputBatch, lengthBatches, type Padding, padded } from "../encode/batches.ts";
import type { EncodedExample } from "../encode/encode.ts";

/**
 * What the model gives for each row, in the order of the rows: `[width]`, of tags `[words * width]` with NaN for a word that
 * was cut off. Rows of like length share a batch.
 *
 * @param forward a batch's outputs `[size, width]`, of tags `[size, seq, width]`
 */
export const outputsOfRows = async (
  width: number,
  rows: readonly EncodedExample[],
  {
    batchSize,
    padding,
    forward,
    afterBatch,
  }: {
    batchSize: number;
    padding: Padding;
    forward: (batch: InputBatch) => Promise<ArrayLike<number>>;
    afterBatch: (rows: number) => Promise<void>;
  },
): Promise<Float32Array[]> => {
  const results = new Array<Float32Array>(rows.length);
  for (const indices of lengthBatches(rows, batchSize)) {
    const members = Array.from(indices, (row) => rows[row]!);
    const batch = padded(members, padding);
    const values = await forward(batch);
    for (const [i, { positions }] of members.entries()) {
      const out = new Float32Array((positions?.length ?? 1) * width);
      for (let word = 0; word < out.length / width; word++) {
        const position = positions?.[word] ?? 0;
        const at = positions ? i * batch.seqLength + position : i;
        for (let k = 0; k < width; k++) out[word * width + k] = position < 0 ? Number.NaN : values[at * width + k]!;
      }
      results[indices[i]!] = out;
    }
    await afterBatch(members.length);
  }
  return results;
};
