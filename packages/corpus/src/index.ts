export type { Document, Documents } from "./document.ts";
export { type BadInputPolicy, type BadRecord, CorpusInputError, type ReadReport } from "./sources/bad-input.ts";
export { type FileDocumentsOptions, fileDocuments, type ReadDocuments } from "./sources/files.ts";
export type { Format } from "./sources/format.ts";
export { type InstalledDocumentationOptions, installedDocumentation } from "./sources/installed-documentation.ts";
