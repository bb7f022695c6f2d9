import type { MaskedBatch } from "@cramkit/packer";

/** The batch before it was masked, with every next token of a row to predict: `[batchSize * (seqLength - 1)]` targets. */
export const nextTokens = (batch: MaskedBatch): MaskedBatch => {
  const { batchSize, seqLength, positions, targets } = batch;
  const inputIds = Int32Array.from(batch.inputIds);
  positions.forEach((position, i) => {
    inputIds[position] = targets[i]!;
  });
  const count = batchSize * (seqLength - 1);
  const before = Int32Array.from({ length: count }, (_, i) => {
    const row = Math.floor(i / (seqLength - 1));
    return row * seqLength + (i % (seqLength - 1));
  });
  return { ...batch, inputIds, positions: before, targets: before.map((position) => inputIds[position + 1]!) };
};
