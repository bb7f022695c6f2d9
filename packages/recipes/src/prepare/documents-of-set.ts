import { type Document, qualityProblem } from "@cramkit/corpus";
import { readDocuments, type SpoolRange } from "@cramkit/corpus/node";
import type { Recipe } from "../recipe/recipe.ts";
import type { SetName } from "./prepared-folder.ts";
import { textFiles } from "./texts.ts";

/**
 * The documents of a set of rows, or of a range of its texts, from number `from` on. A last phase without sources of its own has the best documents of the
 * training texts, which the training rows go without.
 */
export const documentsOfSet = (
  { corpus: { lastPhase } }: Pick<Recipe, "corpus">,
  folder: string,
  set: SetName,
  from: number,
  range?: SpoolRange,
): AsyncIterable<Document> => {
  const files = textFiles(folder);
  if (set === "heldOut" || lastPhase === null || lastPhase.sources !== null)
    return readDocuments(files[set], { from, range });
  const problemOf = qualityProblem(lastPhase.quality ?? {});
  const isOfSet = ({ text }: Document) => (problemOf(text) === undefined) === (set === "lastPhase");
  return after(from, readDocuments(files.training, { range }), isOfSet);
};

/** The documents that are wanted, without the first few of them. */
async function* after(
  count: number,
  documents: AsyncIterable<Document>,
  isWanted: (document: Document) => boolean,
): AsyncGenerator<Document> {
  let number = 0;
  for await (const document of documents) if (isWanted(document) && number++ >= count) yield document;
}
