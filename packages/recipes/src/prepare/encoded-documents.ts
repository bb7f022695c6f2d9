import { compressionReason, createFilterTally, type Document, type FilterReport } from "@cramkit/corpus";
import type { TextCoverage, Tokenizer } from "@cramkit/tokenizer";
import { createEncoderPool, type EncoderPool } from "@cramkit/tokenizer/node";

/** Encodes many texts, in order; on threads if there are any. */
export interface Encoder {
  encode(documents: AsyncIterable<Document>): AsyncGenerator<{ document: Document; ids: Uint32Array }>;
  dispose(): Promise<void>;
}

/** A `<mask>` in a document is not a target, and no document is cut. */
const asText = { splitSpecialTokens: true, truncation: false, padding: false } as const;

/** Characters that go to a thread at a time. */
const batchCharacters = 1 << 19;
/** Less text than this is encoded before threads have started. */
const worthThreads = 4 << 20;

/** An encoder for about so many characters; `threads` 0 encodes on the calling thread. */
export const createEncoder = (tokenizer: Tokenizer, threads: number, characters: number): Encoder => {
  const used = Math.min(threads, Math.floor(characters / worthThreads));
  if (used === 0) {
    return {
      async *encode(documents) {
        for await (const document of documents) yield { document, ids: tokenizer.encodeIds(document.text, asText) };
      },
      async dispose() {},
    };
  }
  const pool = createEncoderPool(tokenizer, { threads: used });
  return {
    async *encode(documents) {
      // Two batches a thread: one at work, one at hand.
      const underWay: ReturnType<typeof encodeBatch>[] = [];
      for await (const batch of batches(documents)) {
        underWay.push(encodeBatch(pool, batch));
        if (underWay.length >= 2 * used) yield* await underWay.shift()!;
      }
      for (const encoded of underWay) yield* await encoded;
    },
    dispose: () => pool.dispose(),
  };
};

const encodeBatch = (pool: EncoderPool, batch: readonly Document[]) => {
  const encoded = pool
    .encodeIdsBatch(
      batch.map(({ text }) => text),
      asText,
    )
    .then((all) => all.map((ids, i) => ({ document: batch[i]!, ids })));
  // Whoever awaits it hears of a failure; if nobody does any more, it is of no consequence.
  encoded.catch(() => {});
  return encoded;
};

async function* batches(documents: AsyncIterable<Document>): AsyncGenerator<Document[]> {
  let batch: Document[] = [];
  let characters = 0;
  for await (const document of documents) {
    batch.push(document);
    characters += document.text.length;
    if (characters < batchCharacters) continue;
    yield batch;
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) yield batch;
}

/** A document as its ids. */
export interface EncodedDocument {
  /** Of its whole text, also if there is a limit to what is kept. */
  readonly ids: Uint32Array;
  /** UTF-16 units of its text. */
  readonly length: number;
  /** What the tokenizer loses of it. */
  readonly covered: TextCoverage;
  /**
   * The document itself.
   * @defaultValue absent if it is kept and was encoded by a task
   */
  readonly document?: Document;
}

/** Encodes documents, and measures what is lost of them. */
export async function* measuredDocuments(
  documents: AsyncIterable<Document>,
  encoder: Encoder,
  cover: (text: string, ids: ArrayLike<number>) => TextCoverage = keepsAll,
): AsyncGenerator<EncodedDocument & { readonly document: Document }> {
  for await (const { document, ids } of encoder.encode(documents))
    yield { document, ids, length: document.text.length, covered: cover(document.text, ids) };
}

/** Whether a document compresses too badly to be kept. */
export const isIncompressible = (
  { ids, length, covered }: Pick<EncodedDocument, "ids" | "length" | "covered">,
  cutoff: number | null,
): boolean => cutoff !== null && ids.length + covered.deleted + covered.unknown >= cutoff * length;

/** How far the encoded documents of a set have come: plain JSON, from which they go on. */
export interface EncodingNotes {
  /** Documents read, kept or dropped. */
  read: number;
  /** Of the filter by compressibility, if there is one. */
  compressibility: FilterReport | null;
  /** What the tokenizer loses of the documents read. */
  coverage: TextCoverage;
}

const keepsAll = (text: string): TextCoverage => ({ characters: text.length, deleted: 0, unknown: 0 });

/**
 * The ids of the documents that `encoded(from)` gives, without those of `cutoff` or more tokens a character (null keeps
 * all), where each character in no token counts as one. Of each, `maxTokens` are kept (null keeps all). Goes on from
 * earlier `notes`; `notes()` counts the documents before the latest that was asked for. `onEnd` hears what was lost of all
 * of them, and may refuse it.
 */
export const encodedDocuments = (
  encoded: (from: number) => AsyncIterable<EncodedDocument>,
  cutoff: number | null,
  maxTokens: number | null = null,
  onEnd: (coverage: TextCoverage) => void = () => {},
) => {
  const name = `compressibility below ${cutoff} tokens a character`;
  let number = 0;
  let tally = createFilterTally(name);
  let coverage = keepsAll("");
  return {
    async *documents(_: number, notes: EncodingNotes | null): AsyncGenerator<Uint32Array> {
      number = notes?.read ?? 0;
      tally = createFilterTally(name, notes?.compressibility ?? undefined);
      coverage = notes?.coverage ?? keepsAll("");
      for await (const at of encoded(number)) {
        const { document, ids, length, covered } = at;
        if (isIncompressible(at, cutoff)) {
          tally.drop(document!, compressionReason(ids.length, covered.deleted + covered.unknown, length));
        } else {
          yield maxTokens === null || ids.length <= maxTokens ? ids : cut(ids, maxTokens);
          tally.keep(length);
        }
        number++;
        coverage = {
          characters: coverage.characters + covered.characters,
          deleted: coverage.deleted + covered.deleted,
          unknown: coverage.unknown + covered.unknown,
        };
      }
      onEnd(coverage);
    },
    notes: (): EncodingNotes => ({ read: number, compressibility: cutoff === null ? null : tally.report, coverage }),
  };
};

/** The first tokens of a document, and its last one: the separator that its template ends it with. */
const cut = (ids: Uint32Array, maxTokens: number): Uint32Array => {
  const kept = ids.slice(0, maxTokens);
  kept[maxTokens - 1] = ids.at(-1)!;
  return kept;
};
