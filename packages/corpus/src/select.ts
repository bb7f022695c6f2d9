import { fault } from "@cramkit/errors";
import type { Document } from "./document.ts";
import { restartable } from "./restartable.ts";

export interface Limit {
  /**
   * The most documents.
   *
   * @defaultValue no limit
   */
  documents?: number;
  /**
   * UTF-16 units after which no further document is taken.
   *
   * @defaultValue no limit
   */
  characters?: number;
}

/** The first documents, up to a number of them or until their texts have that many characters. */
export const takeDocuments = (documents: AsyncIterable<Document>, limit: Limit): AsyncIterable<Document> => {
  const { documents: maxDocuments = Infinity, characters: maxCharacters = Infinity } = limit;
  return restartable(async function* () {
    let [count, characters] = [0, 0];
    if (maxDocuments <= 0 || maxCharacters <= 0) return;
    for await (const document of documents) {
      yield document;
      characters += document.text.length;
      if (++count >= maxDocuments || characters >= maxCharacters) return;
    }
  });
};

/** Joins every `count` successive documents of one source to one, without a separator; the last may be of fewer. */
export const joinSuccessive = (documents: AsyncIterable<Document>, count: number): AsyncIterable<Document> => {
  if (!(Number.isInteger(count) && count > 0)) {
    throw fault({
      code: "invalid-argument",
      place: "joinSuccessive",
      problem: `expected count to be a positive integer, got ${count}`,
      type: RangeError,
    });
  }
  return restartable(async function* () {
    let first: Document | undefined;
    let texts: string[] = [];
    for await (const document of documents) {
      if (first && (texts.length === count || document.source !== first.source)) {
        yield { ...first, text: texts.join("") };
        texts = [];
      }
      if (texts.length === 0) first = document;
      texts.push(document.text);
    }
    if (first && texts.length > 0) yield { ...first, text: texts.join("") };
  });
};
