import type { Document } from "../document.ts";
import { restartable } from "../restartable.ts";

export interface Count {
  documents: number;
  characters: number;
}

/** A document, or a part of one, that a filter took out. */
export interface DroppedExample {
  /**
   * Source of the document.
   *
   * @defaultValue absent if the document has none
   */
  source?: string;
  /**
   * Name of the document in its source.
   *
   * @defaultValue absent if the document has none
   */
  id?: string;
  /** Its beginning. */
  text: string;
  /**
   * Why it was dropped.
   *
   * @defaultValue absent if the filter gives none
   */
  reason?: string;
}

export interface FilterReport {
  filter: string;
  kept: Count;
  dropped: Count;
  /** Documents that were kept with another text, and the characters that this took away from them. */
  changed: Count;
  /** The first few that were dropped (or shortened, if that is the purpose of the filter). */
  examples: DroppedExample[];
}

/** What a filter lets through. `report` is about the latest iteration. */
export interface FilteredDocuments extends AsyncIterable<Document> {
  report(): FilterReport;
}

export type DocumentFilter = (documents: AsyncIterable<Document>) => FilteredDocuments;

/** The document to keep, the same one or another; or why it is dropped. */
export type Decision = Document | { drop: string };

/** A filter that decides over one document after the other. */
export interface DecidingFilter extends DocumentFilter {
  /** Its name in a report. */
  readonly title: string;
  /** Begins anew, with nothing remembered. */
  readonly start: () => (document: Document) => Decision | Promise<Decision>;
}

/** What a filter counts as it goes. */
export interface FilterTally {
  readonly report: FilterReport;
  /** A document that had `before` characters; without `after`, it is kept as it was. */
  keep(before: number, after?: Document): void;
  drop(document: Document, reason?: string): void;
  example(example: DroppedExample): void;
}

const none = (): Count => ({ documents: 0, characters: 0 });
const keptExamples = 5;
const exampleCharacters = 200;

/** Begins to count, or goes on from the report of an earlier count, which it takes over. */
export const createFilterTally = (
  filter: string,
  report: FilterReport = { filter, kept: none(), dropped: none(), changed: none(), examples: [] },
): FilterTally => {
  const example = (dropped: DroppedExample) => {
    if (report.examples.length >= keptExamples) return;
    report.examples.push({ ...dropped, text: dropped.text.slice(0, exampleCharacters) });
  };
  return {
    report,
    keep(before, after) {
      const length = after?.text.length ?? before;
      report.kept.documents++;
      report.kept.characters += length;
      if (length === before) return;
      report.changed.documents++;
      report.changed.characters += before - length;
    },
    drop({ text, source, id }, reason) {
      report.dropped.documents++;
      report.dropped.characters += text.length;
      example({ source, id, text, reason });
    },
    example,
  };
};

/** Makes a filter of `start`, which begins anew, with a count of its own, at each iteration; the report is the latest one's. */
export const countedFilter =
  (
    name: string,
    start: (documents: AsyncIterable<Document>, tally: FilterTally) => AsyncIterator<Document>,
  ): DocumentFilter =>
  (documents) => {
    let tally = createFilterTally(name);
    const filtered = restartable(() => {
      tally = createFilterTally(name);
      return start(documents, tally);
    });
    return { ...filtered, report: () => tally.report };
  };

/**
 * Makes a filter of a function that decides over one document after the other. `start` is called at the beginning of
 * each iteration, so that what the decisions remember begins anew.
 */
export const createFilter = (name: string, start: DecidingFilter["start"]): DecidingFilter => {
  const filter = countedFilter(name, async function* (documents, tally) {
    const decide = start();
    for await (const document of documents) {
      const decided = decide(document);
      const decision = decided instanceof Promise ? await decided : decided;
      if ("drop" in decision) tally.drop(document, decision.drop);
      else {
        tally.keep(document.text.length, decision);
        yield decision;
      }
    }
  });
  return Object.assign(filter, { title: name, start });
};
