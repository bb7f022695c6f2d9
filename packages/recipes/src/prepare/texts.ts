import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { CorpusReport } from "@cramkit/corpus";
import { createDocumentsWriter, type DocumentsWriter } from "@cramkit/corpus/node";
import { type Fault, fault } from "@cramkit/errors";
import { writeFileAtomic } from "@cramkit/files";
import { randomStream, streamKey } from "@cramkit/random";
import type { Recipe } from "../recipe/recipe.ts";
import { readJson } from "../run-record.ts";
import { type ChunksWriter, createChunksWriter, removeChunks } from "./chunked-texts.ts";
import { type CorpusOptions, openCorpus } from "./corpus.ts";
import { holdOut } from "./hold-out.ts";

interface Count {
  readonly documents: number;
  readonly characters: number;
}

const textsFormat = 2;

/** The read, cleaned and filtered documents of a recipe, on disk until they are packed. */
export interface Texts {
  /** 1, which is not written, was split with other random numbers. */
  readonly format: typeof textsFormat;
  readonly training: Count;
  readonly heldOut: Count;
  /**
   * Of a last phase with sources of its own.
   *
   * @defaultValue absent if the recipe has none
   */
  readonly lastPhase?: Count & { readonly report: CorpusReport };
  /** Of the sources and the filters. */
  readonly report: CorpusReport;
}

/** Enough text for the probes, little enough for memory. */
export const heldOutCharacters = 4_000_000;

/** Files of the texts in a work folder, and beside it what a run needs of them later. */
export const textFiles = (folder: string) => ({
  training: join(folder, "work", "training.documents"),
  heldOut: join(folder, "work", "held-out.documents"),
  /** Of a last phase with sources of its own. */
  lastPhase: join(folder, "work", "last-phase.documents"),
  /** Written last: if it is, the others are complete. */
  counts: join(folder, "work", "texts.json"),
  /** For temporary files of shuffling and deduplication; what an interruption left there goes at the next start. */
  temporary: join(folder, "work", "temporary"),
  heldOutTexts: join(folder, "held-out-texts.json"),
});

/** What an earlier reading wrote, or undefined if none was finished. */
export const finishedTexts = async (folder: string): Promise<Texts | undefined> => {
  const file = textFiles(folder).counts;
  const texts = (await readJson(file)) as Texts | undefined;
  if (!texts || texts.format === textsFormat) return texts;
  throw fault({
    code: "version-mismatch",
    place: file,
    problem: `expected texts of format ${textsFormat}, got format ${texts.format ?? 1}, split with other random numbers`,
    remedy: "prepare again in another folder with --data, or finish this one with the version that began it",
  });
};

/**
 * Reads the corpus once, writes training and held-out documents to their files, and yields the training texts on the
 * way; returns what there is. Held out is decided by content, so that copies of a document land on the same side.
 */
export async function* readTexts(
  recipe: Recipe,
  folder: string,
  { onRead, say, replay, dictionary, hub }: Omit<CorpusOptions, "workFolder">,
): AsyncGenerator<string, Texts> {
  const files = textFiles(folder);
  await rm(files.temporary, { recursive: true, force: true });
  await removeChunks(folder);
  const corpus = await openCorpus(recipe, { workFolder: files.temporary, onRead, say, replay, dictionary, hub });
  const { float64 } = randomStream(streamKey(recipe.seed, "recipes/held-out"));
  const parts = holdOut(corpus, {
    share: recipe.evaluation.heldOut,
    seqLength: recipe.rows.seqLength,
    chance: (text) => float64(placeOf(text)),
    say,
  });
  const heldOutTexts: string[] = [];
  /** Of the held-out texts, which no other part may hold. */
  const heldOutPlaces = new Set<number>();
  let kept = 0;
  let hasText = false;
  const writers: DocumentsWriter[] = [];
  let chunks: ChunksWriter | undefined;
  try {
    const training = await createDocumentsWriter(files.training);
    writers.push(training);
    const heldOut = await createDocumentsWriter(files.heldOut);
    writers.push(heldOut);
    chunks = dictionary && (await createChunksWriter(folder, dictionary));
    for await (const { document, isHeldOut } of parts) {
      const { text } = document;
      hasText ||= /\S/.test(text);
      if (isHeldOut) {
        heldOut.add(document);
        heldOutPlaces.add(placeOf(text));
        if ((kept += text.length) <= heldOutCharacters) heldOutTexts.push(text);
      } else {
        training.add(document);
        if (chunks && !dictionary?.isWorthwhile) {
          await chunks.abort();
          chunks = undefined;
        }
        const written = chunks?.add(text);
        if (written) await written;
        yield text;
      }
    }
    const report = corpus.report();
    if (!hasText) throw emptyCorpus(report);
    const lastPhase = await readLastPhase(recipe, files, writers, { onRead, say, hub, heldOutPlaces });
    await chunks?.commit();
    const texts: Texts = {
      format: textsFormat,
      training: await training.commit(),
      heldOut: await heldOut.commit(),
      ...(lastPhase && { lastPhase }),
      report,
    };
    await writeFileAtomic(files.heldOutTexts, JSON.stringify(heldOutTexts));
    await writeFileAtomic(files.counts, JSON.stringify(texts));
    return texts;
  } finally {
    for (const writer of writers) await writer.abort();
    await chunks?.abort();
    await rm(files.temporary, { recursive: true, force: true });
  }
}

/** The documents of a last phase that has sources of its own. */
const readLastPhase = async (
  recipe: Recipe,
  files: ReturnType<typeof textFiles>,
  writers: DocumentsWriter[],
  { heldOutPlaces, ...options }: Pick<CorpusOptions, "onRead" | "say" | "hub"> & { heldOutPlaces: ReadonlySet<number> },
): Promise<Texts["lastPhase"]> => {
  const { lastPhase } = recipe.corpus;
  if (!lastPhase?.sources) return undefined;
  const { sources, quality } = lastPhase;
  const own: Recipe = { ...recipe, corpus: { ...recipe.corpus, sources, quality, maxDocuments: null } };
  const corpus = await openCorpus(own, { ...options, workFolder: files.temporary });
  const writer = await createDocumentsWriter(files.lastPhase);
  writers.push(writer);
  for await (const document of corpus) if (!heldOutPlaces.has(placeOf(document.text))) writer.add(document);
  return { ...(await writer.commit()), report: corpus.report() };
};

/** A number of 48 bits that a text and its copies share. SHA-256, because it runs in native code over every document. */
const placeOf = (text: string): number => createHash("sha256").update(text).digest().readUIntBE(0, 6);

/** Where the documents of an empty corpus went. */
const emptyCorpus = ({ sources, filters, documents }: CorpusReport): Fault => {
  const read = sources
    .map(({ name, documents }) => `${documents} ${documents === 1 ? "document" : "documents"} of ${name}`)
    .join(", ");
  const dropped = filters
    .filter(({ dropped }) => dropped.documents > 0)
    .map(({ filter, dropped }) => `${filter} dropped ${dropped.documents}`);
  return fault({
    code: "invalid-input",
    problem: `the corpus is empty: read ${[read, ...dropped].join("; ")}${documents > 0 ? "; what is left holds nothing but space" : ""}`,
    remedy: documents > 0 ? "name text to read" : "check corpus in the recipe",
  });
};
