import type { MaskedBatch } from "@cramkit/packer";

/** The batch in rows of this length, which divides its own: what lies flat stays as it is. */
export const unfoldRows = (batch: MaskedBatch, length: number): MaskedBatch => ({
  ...batch,
  batchSize: (batch.batchSize * batch.seqLength) / length,
  seqLength: length,
});

/** The first so many tokens of each row; the batch as it is if none of its targets is among them. */
export const truncateRows = (batch: MaskedBatch, length: number): MaskedBatch => {
  const { batchSize, seqLength, inputIds, positions, targets } = batch;
  if (length >= seqLength) return batch;
  const kept = Array.from(positions.keys()).filter((i) => positions[i]! % seqLength < length);
  if (kept.length === 0) return batch;
  const ids = new Int32Array(batchSize * length);
  for (let row = 0; row < batchSize; row++)
    ids.set(inputIds.subarray(row * seqLength, row * seqLength + length), row * length);
  const moved = (position: number) => Math.floor(position / seqLength) * length + (position % seqLength);
  return {
    ...batch,
    seqLength: length,
    inputIds: ids,
    positions: Int32Array.from(kept, (i) => moved(positions[i]!)),
    targets: Int32Array.from(kept, (i) => targets[i]!),
  };
};
