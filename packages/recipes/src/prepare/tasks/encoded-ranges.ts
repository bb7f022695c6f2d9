import { createDocumentsWriter, readSpool, type SpoolRange } from "@cramkit/corpus/node";
import { coverageCounter, type Tokenizer } from "@cramkit/tokenizer";
import type { Recipe } from "../../recipe/recipe.ts";
import { documentsOfSet } from "../documents-of-set.ts";
import { type EncodedDocument, type Encoder, isIncompressible, measuredDocuments } from "../encoded-documents.ts";
import type { SetName } from "../prepared-folder.ts";
import type { PreparationOptions } from "../texts-and-tokenizer.ts";
import { ownCutoff } from "../write-rows.ts";
import { taskFiles } from "./task-files.ts";

/** Numbers of a document: its length, characters measured, deleted and unknown ones, ids. */
type Facts = readonly [number, number, number, number, number];

/** The sets whose documents are those of the training texts: tasks encode them. */
export const setsOfTasks = ({ corpus: { lastPhase } }: Recipe): SetName[] =>
  lastPhase === null || lastPhase.sources !== null ? ["training"] : ["training", "lastPhase"];

/**
 * Encodes the documents of a set in a range of the training texts, and writes the ids of each to its file, 32 bits each as this machine has them.
 * Of a document that is dropped its text is written, for the report.
 */
export const encodeRange = async (
  { recipe, folder }: PreparationOptions,
  set: SetName,
  number: number,
  range: SpoolRange,
  { tokenizer, encoder }: { tokenizer: Tokenizer; encoder: Encoder },
  onRead: (characters: number) => void,
): Promise<void> => {
  const cutoff = ownCutoff(recipe);
  const writer = await createDocumentsWriter(taskFiles(folder).encoded(set, number));
  try {
    const documents = documentsOfSet(recipe, folder, set, 0, range);
    for await (const encoded of measuredDocuments(documents, encoder, coverageCounter(tokenizer))) {
      const { document, ids, length, covered } = encoded;
      onRead(length);
      const { characters, deleted, unknown } = covered;
      const facts: Facts = [length, characters, deleted, unknown, ids.length];
      if (isIncompressible(encoded, cutoff)) {
        const source = JSON.stringify([document.source ?? null, document.id ?? null]);
        writer.addBytes({ bytes: Buffer.from(document.text), source, id: JSON.stringify(facts) });
      } else {
        const bytes = Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength);
        writer.addBytes({ bytes, source: undefined, id: JSON.stringify(facts) });
      }
    }
    await writer.commit();
  } finally {
    await writer.abort();
  }
};

/** The documents of a set, of all ranges, from number `from` on. */
export async function* encodedByTasks(
  folder: string,
  set: SetName,
  ranges: number,
  from: number,
): AsyncGenerator<EncodedDocument> {
  let number = 0;
  for (let range = 0; range < ranges; range++) {
    for await (const { bytes, source, id } of readSpool(taskFiles(folder).encoded(set, range))) {
      if (number++ < from) continue;
      const [length, characters, deleted, unknown, count] = JSON.parse(id!) as Facts;
      const covered = { characters, deleted, unknown };
      if (source === undefined) {
        const ids = new Uint32Array(count);
        new Uint8Array(ids.buffer).set(bytes);
        yield { ids, length, covered };
        continue;
      }
      const [origin, name] = JSON.parse(source) as [string | null, string | null];
      const document = {
        text: bytes.toString("utf8"),
        ...(origin !== null && { source: origin }),
        ...(name !== null && { id: name }),
      };
      yield { ids: new Uint32Array(count), length, covered, document }; // how many there were tells why it is dropped
    }
  }
}
