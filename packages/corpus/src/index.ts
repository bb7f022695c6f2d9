export { collect } from "./collect.ts";
export { deduplicateSubstrings, type SubstringDeduplicationOptions } from "./deduplication/substrings.ts";
export type { Document, Documents } from "./document.ts";
export {
  type Count,
  createFilter,
  type Decision,
  type DocumentFilter,
  type DroppedExample,
  type FilteredDocuments,
  type FilterReport,
} from "./filters/filter.ts";
export { type BadInputPolicy, type BadRecord, CorpusInputError, type ReadReport } from "./sources/bad-input.ts";
export { type FileDocumentsOptions, fileDocuments, type ReadDocuments } from "./sources/files.ts";
export type { Format } from "./sources/format.ts";
export { type InstalledDocumentationOptions, installedDocumentation } from "./sources/installed-documentation.ts";
