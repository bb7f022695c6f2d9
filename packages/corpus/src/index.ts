export type { Document, Documents } from "./document.ts";
export { type InstalledDocumentationOptions, installedDocumentation } from "./installed-documentation.ts";
