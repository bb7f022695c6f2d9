export { collect } from "./collect.ts";
export { type Corpus, type CorpusOptions, type CorpusReport, composeCorpus } from "./compose.ts";
export type { Document } from "./document.ts";
export { type CleanOptions, clean, referenceCleaning } from "./filters/clean.ts";
export {
  type CompressibilityOptions,
  compressible,
  compressionReason,
  type TokenCount,
} from "./filters/compressibility.ts";
export { type DecontaminationOptions, decontaminate } from "./filters/decontaminate.ts";
export { type DuplicatesOptions, deduplicateDocuments } from "./filters/duplicates.ts";
export {
  type Count,
  countedFilter,
  createFilter,
  createFilterTally,
  type DecidingFilter,
  type Decision,
  type DocumentFilter,
  type DroppedExample,
  type FilteredDocuments,
  type FilterReport,
  type FilterTally,
} from "./filters/filter.ts";
export { type LengthOptions, lengthBetween } from "./filters/length.ts";
export { type QualityOptions, quality, qualityProblem } from "./filters/quality.ts";
export { type MixedDocuments, type MixedSource, type MixOptions, mixDocuments, type SourceReport } from "./mix.ts";
export { bandPairs, type Clusters, createClusters } from "./near-duplicates/clusters.ts";
export { type MinHash, type MinHashOptions, minHash } from "./near-duplicates/min-hash.ts";
export { passagesOf } from "./passages.ts";
export type { BadRecord, ReadReport } from "./read-report.ts";
export { joinSuccessive, type Limit, takeDocuments } from "./select.ts";
