import { type Document, passagesOf } from "@cramkit/corpus";

/** Fewer documents than this are held out by passage. */
const fewDocuments = 100;
/** Beyond so many characters the first few documents do not wait for one another. */
const waitingCharacters = 64_000_000;
/** Held-out text of a small corpus holds so many characters for each token of a row, or half of the corpus. */
const charactersPerToken = 12;

export interface HoldOutOptions {
  /** Share of the documents. */
  readonly share: number;
  /** Tokens of a row: a small corpus has to fill one. */
  readonly seqLength: number;
  /** A number of 0 to 1 that follows from the text, so that copies of it land on the same side. */
  readonly chance: (text: string) => number;
  readonly say: (line: string) => void;
}

export interface Part {
  readonly document: Document;
  readonly isHeldOut: boolean;
}

/**
 * Parts documents into those of training and those that are held out. A corpus of few documents is cut into passages, so
 * that there is something to hold out; one that is small as a whole holds out enough for a row.
 */
export async function* holdOut(
  documents: AsyncIterable<Document>,
  { share, seqLength, chance, say }: HoldOutOptions,
): AsyncGenerator<Part> {
  const isDrawn = (document: Document) => chance(document.text) < share;
  let waiting: Document[] | undefined = [];
  let characters = 0;
  let byPassage = false;
  for await (const document of documents) {
    if (waiting === undefined) {
      for (const part of byPassage ? passagesOf(document) : [document])
        yield { document: part, isHeldOut: isDrawn(part) };
      continue;
    }
    waiting.push(document);
    characters += document.text.length;
    if (waiting.length < fewDocuments && characters < waitingCharacters) continue;
    byPassage = waiting.length < fewDocuments;
    if (byPassage) say(cutLine(`documents of ${Math.round(characters / waiting.length / 1e6)} million characters`));
    for (const early of waiting)
      for (const part of byPassage ? passagesOf(early) : [early]) yield { document: part, isHeldOut: isDrawn(part) };
    waiting = undefined;
  }
  if (waiting === undefined) return;
  const passages = waiting.flatMap((document) => [...passagesOf(document)]);
  if (passages.length > waiting.length)
    say(cutLine(waiting.length === 1 ? "one document" : `${waiting.length} documents`));
  const heldOut = drawnOrMade(passages, { share, seqLength, chance, characters });
  for (const document of passages) yield { document, isHeldOut: heldOut.has(document.text) };
}

const cutLine = (what: string) =>
  `${what}: cut into passages of about 4,000 characters, so that some can be held out; set unit for other documents`;

/** The texts below the share, and if they do not fill a row those next to it. */
const drawnOrMade = (
  passages: readonly Document[],
  {
    share,
    seqLength,
    chance,
    characters,
  }: Pick<HoldOutOptions, "share" | "seqLength" | "chance"> & { characters: number },
): Set<string> => {
  const enough = Math.min(characters / 2, Math.max(share * characters, charactersPerToken * seqLength));
  const drawn = new Set<string>();
  let held = 0;
  const byChance = passages.map(({ text }) => ({ text, at: chance(text) })).sort((a, b) => a.at - b.at);
  for (const { text, at } of byChance) {
    if (at >= share && held >= enough) break;
    if (held + text.length > characters / 2 && held > 0) break;
    drawn.add(text);
    held += text.length;
  }
  return drawn.size < new Set(passages.map(({ text }) => text)).size ? drawn : new Set();
};
