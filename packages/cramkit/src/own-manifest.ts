import { readFileSync } from "node:fs";

/** What the package's manifest says of it. */
export const ownManifest = (): { readonly version: string; readonly description: string } =>
  JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
