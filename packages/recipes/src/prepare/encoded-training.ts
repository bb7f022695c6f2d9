import type { Document } from "@cramkit/corpus";
import { readDocuments } from "@cramkit/corpus/node";
import { chunkedEncoder, type Tokenizer } from "@cramkit/tokenizer";
import { openChunks } from "./chunked-texts.ts";
import type { EncodedDocument } from "./encoded-documents.ts";
import { type Texts, textFiles } from "./texts.ts";
import type { PreparationOptions } from "./texts-and-tokenizer.ts";
import { ownCutoff } from "./write-rows.ts";

/** The training documents encoded from their chunks, from a number on; undefined if that cannot be done. */
export const encodedTraining = async ({
  recipe,
  folder,
  texts,
  tokenizer,
}: PreparationOptions & { texts: Texts; tokenizer: Tokenizer }) => {
  const { lastPhase } = recipe.corpus;
  if (lastPhase !== null && lastPhase.sources === null) return undefined; // its documents are told by their texts
  const chunks = await openChunks(folder, texts.training.documents);
  const encoder = chunks && chunkedEncoder(tokenizer, chunks);
  if (!chunks || !encoder) return undefined;
  const isText = ownCutoff(recipe) !== null; // a report shows what was dropped
  return async function* (from: number): AsyncGenerator<EncodedDocument> {
    const documents = readDocuments(textFiles(folder).training, { from })[Symbol.asyncIterator]();
    try {
      for await (const { length, sequence } of chunks.read(from)) {
        const { ids, deleted, unknown } = encoder.encode(sequence);
        const covered = { characters: length, deleted, unknown };
        if (isText) yield { ids, length, covered, document: (await documents.next()).value as Document };
        else yield { ids, length, covered };
      }
    } finally {
      await documents.return?.();
    }
  };
};
