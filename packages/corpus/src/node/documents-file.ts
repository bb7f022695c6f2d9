import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { checkOptions, toFault } from "@cramkit/errors";
import { makeFolder, partialPath, removeLeftovers, syncFolder } from "@cramkit/files";
import type { Document } from "../document.ts";
import type { Count } from "../filters/filter.ts";
import { restartable } from "../restartable.ts";
import { documentOf, readSpool, type SpooledDocument, type SpoolRange, writeSpool } from "./spool.ts";
import { utf8Scratch } from "./utf8-scratch.ts";

/** Documents on their way into a file of `readDocuments`, which appears under its name when it is complete. */
export interface DocumentsWriter {
  /** `bytes` are those of its text, if they are at hand. */
  add(document: Document, bytes?: Buffer): void;
  /** The same of bytes, which need not be text; they count as a document of no characters. */
  addBytes(document: SpooledDocument): void;
  /** Completes the file, synced, and says what it holds. */
  commit(): Promise<Count>;
  /** Removes what was written. Does nothing after `commit`. */
  abort(): Promise<void>;
}

/** Starts a file of documents, beside its name until it is complete. */
export const createDocumentsWriter = async (path: string): Promise<DocumentsWriter> => {
  await makeFolder(dirname(path));
  await removeLeftovers(dirname(path));
  const partial = partialPath(path);
  const spool = writeSpool(partial, undefined, path);
  try {
    await (await open(partial, "w")).close();
  } catch (error) {
    throw toFault(error, { place: path });
  }
  const count = { documents: 0, characters: 0 };
  const encode = utf8Scratch();
  return {
    add({ text, source, id }, bytes = encode(text)) {
      spool.add({ bytes, source, id });
      count.documents++;
      count.characters += text.length;
    },
    addBytes(document) {
      spool.add(document);
      count.documents++;
    },
    async commit() {
      try {
        spool.close();
        const handle = await open(partial, "r+");
        await handle.sync();
        await handle.close();
        await rename(partial, path);
        await syncFolder(dirname(path));
      } catch (error) {
        throw toFault(error, { place: path });
      }
      return count;
    },
    abort: () => rm(partial, { force: true }),
  };
};

/**
 * Writes documents to one file, from which `readDocuments` gives them back faster than any source: for whoever reads a
 * filtered corpus twice, to train a tokenizer and to use it.
 */
export const writeDocuments = async (path: string, documents: AsyncIterable<Document>): Promise<Count> => {
  const writer = await createDocumentsWriter(path);
  try {
    for await (const document of documents) writer.add(document);
    return await writer.commit();
  } finally {
    await writer.abort();
  }
};

/** The documents of such a file in their order, from number `from` on. */
export const readDocuments = (
  path: string,
  options: {
    /** @defaultValue `0` */
    from?: number;
    /**
     * A part of the file that `spoolRanges` gave; `from` counts from its beginning.
     * @defaultValue the whole file
     */
    range?: SpoolRange;
  } = {},
): AsyncIterable<Document> => {
  checkOptions("readDocuments", options, { from: true, range: true });
  const { from = 0, range } = options;
  return restartable(async function* () {
    let number = 0;
    for await (const spooled of readSpool(path, range)) if (number++ >= from) yield documentOf(spooled);
  });
};
