import { createHash } from "node:crypto";
import { createFilter, type DocumentFilter } from "./filter.ts";
import { createHashSet } from "./hash-set.ts";

export interface DuplicatesOptions {
  /** What has to be equal for two documents to be the same; the text as it is where there is none. */
  key?: (text: string) => string;
}

/**
 * Drops documents whose text occurred before; the first stays. Remembers 64 bits of a SHA-1 a document (about 16 bytes
 * of memory): among ten million documents one is taken for another with a probability of 3 in a million.
 */
export function deduplicateDocuments({ key = (text) => text }: DuplicatesOptions = {}): DocumentFilter {
  return createFilter("repeated documents", () => {
    const seen = createHashSet();
    return (document) => {
      const digest = createHash("sha1").update(key(document.text)).digest();
      return seen.add(digest.readUInt32LE(0), digest.readUInt32LE(4)) ? document : { drop: "repeats an earlier one" };
    };
  });
}
