export { deduplicateNear, type NearDuplicatesOptions } from "./deduplication/near-duplicates.ts";
export { deduplicateSubstrings, type SubstringDeduplicationOptions } from "./deduplication/substrings.ts";
export { createDocumentsWriter, type DocumentsWriter, readDocuments, writeDocuments } from "./documents-file.ts";
export type { HubAccess } from "./hub/access.ts";
export {
  type HubDocumentsOptions,
  type HubFile,
  type HubRowsOptions,
  hubDocuments,
  hubFiles,
  hubRows,
} from "./hub/documents.ts";
export { type ShuffleOptions, shuffleDocuments } from "./shuffle.ts";
export {
  type BadInput,
  type BadInputPolicy,
  CorpusInputError,
  type CorpusInputParts,
  createReadTally,
  type ReadTally,
} from "./sources/bad-input.ts";
export {
  type DocumentFile,
  documentFiles,
  type FileDocumentsOptions,
  type FilesPart,
  fileDocuments,
  type ReadDocuments,
} from "./sources/files.ts";
export type { Format } from "./sources/format.ts";
export { type IdDocument, type IdDocumentsOptions, idDocuments } from "./sources/id-documents.ts";
export { type InstalledDocumentationOptions, installedDocumentation } from "./sources/installed-documentation.ts";
export { type FileRow, type FileRowsOptions, fileRows } from "./sources/rows.ts";
export { readSpool, type SpooledDocument, type SpoolRange, spoolRanges } from "./spool.ts";
