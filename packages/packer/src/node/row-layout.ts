import type { ShardEntry } from "./manifest.ts";

/** Rows in a temporary file; if `sorted`, with their keys in `<file>.keys` (float64), ascending. */
export interface Run extends ShardEntry {
  sorted: boolean;
}

/** How the rows of a preparation lie in its files. */
export interface RowLayout {
  seqLength: number;
  vocabSize: number;
  rowBytes: number;
  rowsPerBlock: number;
}
