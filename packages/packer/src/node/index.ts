export type { Direction, RowOrder } from "../row-order.ts";
export type { Json, Manifest, ShardEntry } from "./manifest.ts";
export { readManifest } from "./manifest.ts";
export { openPreparedSet, type PreparedSet, verifyPreparedSet } from "./open-prepared-set.ts";
export { type PrefetchOptions, prefetchedBatches } from "./prefetch.ts";
export { removeFinishedPreparation } from "./preparation.ts";
export { preparedSetKey } from "./prepared-set-key.ts";
export {
  type DocumentSource,
  type PrepareOptions,
  type PrepareProgress,
  writePreparedSet,
} from "./write-prepared-set.ts";
