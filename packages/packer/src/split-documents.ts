import type { TokenDocuments } from "./pack-rows.ts";

/**
 * Parts held-out documents from a stream: iterate `kept`, then `heldOut`. Meanwhile held-out documents wait in memory, so
 * hold out few. `isHeldOut` decides by the number of a document in the stream and its tokens. If `kept` was left early,
 * `heldOut` reads the stream to its end by itself. For token streams of your own; recipes hold out by the text of a document,
 * before it is tokenized, so that copies of one never stand on both sides.
 */
export const splitDocuments = (
  documents: TokenDocuments,
  isHeldOut: (index: number, tokens: ArrayLike<number>) => boolean,
): { kept: AsyncIterable<ArrayLike<number>>; heldOut: AsyncIterable<ArrayLike<number>> } => {
  const waiting: ArrayLike<number>[] = [];
  let index = 0;
  async function* part(): AsyncGenerator<ArrayLike<number>> {
    for await (const document of documents)
      if (isHeldOut(index++, document)) waiting.push(document);
      else yield document;
  }
  const rest = part();
  const leaveOpen: AsyncIterable<ArrayLike<number>> = {
    [Symbol.asyncIterator]: () => ({ next: () => rest.next(), return: async () => ({ done: true, value: undefined }) }),
  };
  async function* heldOut(): AsyncGenerator<ArrayLike<number>> {
    for (;;) {
      while (waiting.length > 0) yield waiting.shift()!;
      if ((await rest.next()).done) break;
    }
    yield* waiting.splice(0);
  }
  return { kept: leaveOpen, heldOut: { [Symbol.asyncIterator]: heldOut } };
};
