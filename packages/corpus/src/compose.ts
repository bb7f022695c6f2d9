import { checkOptions } from "@cramkit/errors";
import type { Document } from "./document.ts";
import type { DocumentFilter, FilteredDocuments, FilterReport } from "./filters/filter.ts";
import { type MixedSource, type MixOptions, mixDocuments, type SourceReport } from "./mix.ts";
import type { ReadReport } from "./read-report.ts";
import { restartable } from "./restartable.ts";

export interface CorpusOptions extends MixOptions {
  sources: readonly MixedSource[];
  /**
   * Applied in this order.
   *
   * @defaultValue none
   */
  filters?: readonly DocumentFilter[];
}

export interface CorpusReport {
  /** What was taken of each source; `read` if the source counts its records. */
  sources: (SourceReport & { read?: ReadReport })[];
  /** What each filter kept, dropped and changed, with examples. */
  filters: FilterReport[];
  /** What came out at the end. */
  documents: number;
  characters: number;
}

export interface Corpus extends AsyncIterable<Document> {
  /** About the latest iteration, also while it runs; plain JSON. */
  report(): CorpusReport;
}

/** Sources mixed and filtered, with the counts for a manifest or an inspection. */
export const composeCorpus = (options: CorpusOptions): Corpus => {
  checkOptions("composeCorpus", options, { sources: true, filters: true, atEnd: true, charactersOf: true });
  const { sources, filters = [], atEnd, charactersOf } = options;
  const mixed = mixDocuments(sources, { atEnd, charactersOf });
  const stages: FilteredDocuments[] = [];
  for (const filter of filters) stages.push(filter(stages.at(-1) ?? mixed));
  let [documents, characters] = [0, 0];
  const counted = restartable(async function* () {
    [documents, characters] = [0, 0];
    for await (const document of stages.at(-1) ?? mixed) {
      documents++;
      characters += document.text.length;
      yield document;
    }
  });
  const report = (): CorpusReport => ({
    sources: mixed.report().map((source, index) => ({ ...source, ...readReport(sources[index]?.documents) })),
    filters: stages.map((stage) => stage.report()),
    documents,
    characters,
  });
  return { ...counted, report };
};

const readReport = (documents: unknown): { read?: ReadReport } => {
  const source = documents as { report?: () => ReadReport } | undefined;
  return typeof source?.report === "function" ? { read: source.report() } : {};
};
