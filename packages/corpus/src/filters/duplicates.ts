import { checkOptions } from "@cramkit/errors";
import xxhash from "xxhash-wasm";
import { createFilter, type DocumentFilter } from "./filter.ts";
import { createHashSet } from "./hash-set.ts";

export interface DuplicatesOptions {
  /**
   * What has to be equal for two documents to be the same.
   *
   * @defaultValue the text as it is
   */
  key?: (text: string) => string;
}

/**
 * Drops documents whose text occurred before; the first stays. Remembers 64 bits of a hash (XXH64) a document, about 16
 * bytes of memory: among ten million documents one is taken for another with a probability of 3 in a million.
 */
export const deduplicateDocuments = (options: DuplicatesOptions = {}): DocumentFilter => {
  checkOptions("deduplicateDocuments", options, { key: true });
  const { key = (text) => text } = options;
  return createFilter("repeated documents", () => {
    const seen = createHashSet();
    const loading = xxhash();
    return async (document) => {
      const hash = (await loading).h64(key(document.text));
      const isNew = seen.add(Number(hash >> 32n), Number(hash & 0xffff_ffffn));
      return isNew ? document : { drop: "repeats an earlier one" };
    };
  });
};
