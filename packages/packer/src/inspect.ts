import type { MaskedBatch } from "./masked-batches.ts";
import type { RowSource } from "./rows.ts";

export interface InspectedRow {
  row: number;
  ids: number[];
  text: string;
}

/** Rows of a source as text, by their numbers. `decode` is the tokenizer's. */
export const inspectRows = async (
  source: RowSource,
  rows: readonly number[],
  decode: (ids: number[]) => string,
): Promise<InspectedRow[]> => {
  const { seqLength } = source;
  const target = new Int32Array(rows.length * seqLength);
  await source.readRows(rows, target);
  return rows.map((row, i) => {
    const ids = [...target.subarray(i * seqLength, (i + 1) * seqLength)];
    return { row, ids, text: decode(ids) };
  });
};

export interface InspectedMask {
  /** Position in the row. */
  position: number;
  /** What the model sees there and what it shall predict, decoded. */
  seen: string;
  target: string;
}

/** The rows of a batch as the model sees them, and what it shall predict in each. */
export const inspectBatch = (
  { batchSize, seqLength, inputIds, positions, targets }: MaskedBatch,
  decode: (ids: number[]) => string,
): { text: string; masks: InspectedMask[] }[] => {
  const rows = Array.from({ length: batchSize }, (_, i) => ({
    text: decode([...inputIds.subarray(i * seqLength, (i + 1) * seqLength)]),
    masks: [] as InspectedMask[],
  }));
  positions.forEach((at, k) => {
    rows[Math.floor(at / seqLength)]!.masks.push({
      position: at % seqLength,
      seen: decode([inputIds[at]!]),
      target: decode([targets[k]!]),
    });
  });
  return rows;
};
