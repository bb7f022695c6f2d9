import {
  type Corpus,
  type CorpusReport,
  countedFilter,
  type DecidingFilter,
  type Document,
  type DocumentFilter,
} from "@cramkit/corpus";

// A task that reads a file judges each of its documents by the filters that need no other document. What they said travels
// with the document in front of its identity, through the shuffle and the stages that know of other documents, and is counted
// in its turn: the corpus and its report are those of one process that does everything in a line.

/** The filters that look at one document alone, in their order; absent ones are undefined. */
export interface JudgingFilters {
  readonly cleaning: DecidingFilter | undefined;
  readonly length: DecidingFilter | undefined;
  readonly quality: DecidingFilter | undefined;
  readonly decontamination: DecidingFilter | undefined;
  readonly compressibility: DecidingFilter | undefined;
}

type JudgeName = keyof JudgingFilters;

/** What a task found out about a document. */
interface Judgement {
  /**
   * The document's own.
   * @defaultValue it has none
   */
  readonly id?: string;
  /** UTF-16 units as it was read. */
  readonly read: number;
  /** Units of the text that is kept here: what was judged, as long as no other stage takes something away. */
  readonly length: number;
  /**
   * Units before each filter that changed it.
   * @defaultValue none did
   */
  readonly before?: Partial<Record<JudgeName, number>>;
  /**
   * The filter that drops it, and why; the text is what that filter was given.
   * @defaultValue it is kept
   */
  readonly dropped?: readonly [JudgeName, string];
  /**
   * Of `minHash`, in base64; null for a text without a signature.
   * @defaultValue not made
   */
  readonly bandKeys?: string | null;
}

/** Judges documents one after the other; `bandKeys` gives what near-duplicates are found by. */
export const createJudge = (
  filters: JudgingFilters,
  bandKeys: ((text: string) => Uint32Array | null) | undefined,
): ((document: Document) => Promise<Document>) => {
  const deciders = Object.entries(filters).flatMap(([name, filter]: [string, DecidingFilter | undefined]) =>
    filter === undefined ? [] : [{ name: name as JudgeName, decide: filter.start() }],
  );
  return async (document) => {
    const before: Partial<Record<JudgeName, number>> = {};
    let dropped: Judgement["dropped"];
    let at = document;
    for (const { name, decide } of deciders) {
      const decision = await decide(at);
      if ("drop" in decision) {
        dropped = [name, decision.drop];
        break;
      }
      if (decision.text.length !== at.text.length) before[name] = at.text.length;
      at = decision;
    }
    const isCompared = bandKeys !== undefined && (dropped === undefined || dropped[0] === "compressibility");
    const keys = isCompared ? bandKeys(at.text) : undefined;
    const judgement: Judgement = {
      id: document.id,
      read: document.text.length,
      length: at.text.length,
      ...(Object.keys(before).length > 0 && { before }),
      ...(dropped && { dropped }),
      ...(keys !== undefined && { bandKeys: keys && Buffer.from(keys.buffer).toString("base64") }),
    };
    return { ...at, id: JSON.stringify(judgement) };
  };
};

const judgementOf = ({ id }: Document): Judgement => JSON.parse(id!) as Judgement;

/** What a judged document counts for in the mixture of sources. */
export const charactersAsRead = (document: Document): number => judgementOf(document).read;

/** Whether a stage after the judges has taken text away. */
const isAsJudged = ({ text }: Document, { length }: Judgement): boolean => text.length === length;

/** The keys of a judged document; undefined if its text is another by now. */
export const knownBandKeys = (document: Document): Uint32Array | null | undefined => {
  const judgement = judgementOf(document);
  const { bandKeys } = judgement;
  if (!isAsJudged(document, judgement)) return undefined;
  if (typeof bandKeys !== "string") return bandKeys;
  const bytes = Uint8Array.from(Buffer.from(bandKeys, "base64"));
  return new Uint32Array(bytes.buffer);
};

/** A filter that does what it said of a document before, and decides again only if the text is another by now. */
export const asJudged = (name: JudgeName, filter: DecidingFilter): DocumentFilter =>
  countedFilter(filter.title, async function* (documents, tally) {
    const decide = filter.start();
    for await (const document of documents) {
      const judgement = judgementOf(document);
      const { before, dropped } = judgement;
      if (isAsJudged(document, judgement)) {
        if (dropped?.[0] === name) tally.drop(document, dropped[1]);
        else {
          tally.keep(before?.[name] ?? document.text.length, document);
          yield document;
        }
        continue;
      }
      const decision = await decide(document);
      if ("drop" in decision) tally.drop(document, decision.drop);
      else {
        tally.keep(document.text.length, decision);
        yield decision;
      }
    }
  });

/** The corpus with the identities that its documents had. */
export const withoutJudgements = (corpus: Corpus): Corpus => ({
  async *[Symbol.asyncIterator]() {
    for await (const document of corpus) yield { ...document, ...ownIdentity(document) };
  },
  report(): CorpusReport {
    const report = corpus.report();
    const filters = report.filters.map((filter) => ({
      ...filter,
      examples: filter.examples.map((example) => {
        const { text, reason, source } = example;
        return { source, ...ownIdentity(example), text, reason };
      }),
    }));
    return { ...report, filters };
  },
});

const ownIdentity = (document: { id?: string }): { id: string | undefined } => ({
  id: judgementOf(document as Document).id,
});
