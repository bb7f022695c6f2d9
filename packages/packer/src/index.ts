export { type InspectedMask, type InspectedRow, inspectBatch, inspectRows } from "./inspect.ts";
export type { Replacement } from "./mask-selection.ts";
export { type BatchCursor, type MaskedBatch, type MaskedBatchOptions, maskedBatches } from "./masked-batches.ts";
export {
  type BernoulliMasking,
  bertMasking,
  crammedMasking,
  createMasker,
  type ExactMasking,
  type Masker,
  type MaskerOptions,
  type Masking,
  type WordStarts,
} from "./masking.ts";
export {
  type PackOptions,
  type PackPosition,
  packRows,
  packStart,
  type RowBlock,
  type TokenDocuments,
} from "./pack-rows.ts";
export { type RowSource, rowsInMemory, type TokenArray } from "./rows.ts";
export { splitDocuments } from "./split-documents.ts";
