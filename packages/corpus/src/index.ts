export { collect } from "./collect.ts";
export { type Corpus, type CorpusOptions, type CorpusReport, composeCorpus } from "./compose.ts";
export { deduplicateSubstrings, type SubstringDeduplicationOptions } from "./deduplication/substrings.ts";
export type { Document } from "./document.ts";
export { createDocumentsWriter, type DocumentsWriter, readDocuments, writeDocuments } from "./documents-file.ts";
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
  createFilter,
  createFilterTally,
  type Decision,
  type DocumentFilter,
  type DroppedExample,
  type FilteredDocuments,
  type FilterReport,
  type FilterTally,
} from "./filters/filter.ts";
export { type LengthOptions, lengthBetween } from "./filters/length.ts";
export type { HubAccess } from "./hub/access.ts";
export { type HubDocumentsOptions, hubDocuments } from "./hub/documents.ts";
export { type MixedDocuments, type MixedSource, type MixOptions, mixDocuments, type SourceReport } from "./mix.ts";
export { passagesOf } from "./passages.ts";
export { joinSuccessive, type Limit, takeDocuments } from "./select.ts";
export { type ShuffleOptions, shuffleDocuments } from "./shuffle.ts";
export { type BadInputPolicy, type BadRecord, CorpusInputError, type ReadReport } from "./sources/bad-input.ts";
export {
  type DocumentFile,
  documentFiles,
  type FileDocumentsOptions,
  fileDocuments,
  type ReadDocuments,
} from "./sources/files.ts";
export type { Format } from "./sources/format.ts";
export { type InstalledDocumentationOptions, installedDocumentation } from "./sources/installed-documentation.ts";
