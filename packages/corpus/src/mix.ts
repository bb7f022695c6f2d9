import { checkOptions, fault } from "@cramkit/errors";
import type { Document } from "./document.ts";
import { restartable } from "./restartable.ts";

export interface MixedSource {
  name: string;
  documents: AsyncIterable<Document>;
  /**
   * Share of the mixture's characters, relative to the other weights.
   *
   * @defaultValue `1`
   */
  weight?: number;
}

export interface MixOptions {
  /**
   * When a source ends: go on with the others, stop so that the shares hold to the end, or start the source again until
   * each has been read to its end once.
   *
   * @defaultValue `"continue"`
   */
  atEnd?: "continue" | "stop" | "repeat";
  /**
   * What a document counts for in its source's share.
   *
   * @defaultValue the UTF-16 units of its text
   */
  charactersOf?: (document: Document) => number;
}

export interface SourceReport {
  name: string;
  documents: number;
  characters: number;
  /** Times that the source was read to its end. */
  epochs: number;
}

export interface MixedDocuments extends AsyncIterable<Document> {
  report(): SourceReport[];
}

/**
 * One stream out of several, deterministic: the next document comes from the source that is furthest behind its share
 * of the characters so far, so the shares hold everywhere in the stream up to a document. Documents without a `source`
 * get the name of theirs.
 */
export const mixDocuments = (sources: readonly MixedSource[], options: MixOptions = {}): MixedDocuments => {
  checkOptions("mixDocuments", options, { atEnd: true, charactersOf: true });
  const { atEnd = "continue", charactersOf = ({ text }) => text.length } = options;
  for (const { name, weight = 1 } of sources) {
    if (!(weight > 0 && Number.isFinite(weight))) {
      throw fault({
        code: "invalid-argument",
        place: "mixDocuments",
        problem: `expected a positive weight for ${name}, got ${weight}`,
        remedy: "leave the source out",
        type: RangeError,
      });
    }
  }
  let reports: SourceReport[] = [];
  async function* mixed(): AsyncGenerator<Document> {
    const open = sources.map(({ name, documents, weight = 1 }) => ({
      documents,
      weight,
      iterator: documents[Symbol.asyncIterator](),
      report: { name, documents: 0, characters: 0, epochs: 0 },
      isEmpty: true, // no character in this epoch so far
    }));
    reports = open.map(({ report }) => report);
    const reading = new Set(open);
    try {
      while (reading.size > 0) {
        let next: (typeof open)[number] | undefined;
        for (const source of reading) {
          if (!next || source.report.characters / source.weight < next.report.characters / next.weight) next = source;
        }
        if (!next) return;
        const { done, value } = await next.iterator.next();
        const { report } = next;
        if (done) {
          if (next.isEmpty && report.characters > 0) {
            throw fault({
              code: "invalid-argument",
              place: "mixDocuments",
              problem: `expected ${report.name} to give its documents again, got none`,
              remedy:
                'pass an iterable that starts from the beginning each time, not a generator, or another atEnd than "repeat"',
              type: TypeError,
            });
          }
          report.epochs++;
          if (atEnd === "stop") return;
          if (atEnd === "repeat" && !next.isEmpty) {
            if (open.every((source) => source.report.epochs > 0)) return;
            next.iterator = next.documents[Symbol.asyncIterator]();
            next.isEmpty = true;
          } else reading.delete(next);
          continue;
        }
        report.documents++;
        const characters = charactersOf(value);
        report.characters += characters;
        if (characters > 0) next.isEmpty = false;
        yield value.source === undefined ? { ...value, source: report.name } : value;
      }
    } finally {
      for (const { iterator } of reading) await iterator.return?.();
    }
  }
  return { ...restartable(mixed), report: () => reports };
};
