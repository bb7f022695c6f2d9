import { access, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Corpus,
  clean,
  composeCorpus,
  compressible,
  type DecidingFilter,
  type Document,
  type DocumentFilter,
  decontaminate,
  deduplicateDocuments,
  joinSuccessive,
  lengthBetween,
  quality,
  type ReadReport,
  referenceCleaning,
  takeDocuments,
} from "@cramkit/corpus";
import {
  deduplicateNear,
  deduplicateSubstrings,
  documentFiles,
  type FileDocumentsOptions,
  fileDocuments,
  hubDocuments,
  installedDocumentation,
  type ReadDocuments,
  shuffleDocuments,
} from "@cramkit/corpus/node";
import { fault } from "@cramkit/errors";
import { readText } from "@cramkit/files";
import { novels, novelUrl } from "@cramkit/novels";
import {
  type ChunkDictionary,
  chunkDictionary,
  chunkRule,
  isSameRule,
  type Tokenizer,
  textMeter,
  tokenizerFromJson,
} from "@cramkit/tokenizer";
import type { Recipe, SourceSpec } from "../recipe/recipe.ts";
import type { HubWaits } from "./hub-waits.ts";
import { asJudged, charactersAsRead, type JudgingFilters, knownBandKeys, withoutJudgements } from "./judgements.ts";
import { compressionTokenizerOf, novelsName, novelsTokenizer, novelsTokenizerName } from "./novels-tokenizer.ts";
import { wantedRecords } from "./wanted-records.ts";

/** Text that a shuffle holds at once: the order does not depend on it. */
const shuffleBytes = 64 << 20;
/** Tables of what repeats: what is found does not depend on it. */
const repeatBytes = 128 << 20;

/** What `openCorpus` needs besides the recipe. */
export interface CorpusOptions {
  /** For what does not fit into memory. */
  readonly workFolder: string;
  /** Called with the characters of every document that is read, and as a filter works through its files; may throw to stop. */
  readonly onRead: (stage: string, characters?: number) => void;
  /** What was chosen if the recipe says nothing. */
  readonly say: (line: string) => void;
  /**
   * Numbers the chunks of texts for whoever reads them after the filters: a filter that cuts them alike uses it too.
   *
   * @defaultValue none
   */
  readonly dictionary?: ChunkDictionary | undefined;
  /**
   * The documents of a source, by its number, that tasks have read and judged.
   * @defaultValue the sources are read
   */
  readonly replay?: (source: number) => JudgedDocuments;
  /** @defaultValue nobody hears of waits, and they are not stopped */
  readonly hub?: HubWaits | undefined;
}

/**
 * The documents of a recipe: its sources in a seeded order, cleaned and filtered. Compressibility by the run's own
 * tokenizer is not among the filters, since that tokenizer is trained on these documents.
 */
export const openCorpus = async (recipe: Recipe, options: CorpusOptions): Promise<Corpus> => {
  const { corpus, seed } = recipe;
  const { workFolder, onRead, say, replay, hub } = options;
  const sources = [];
  for (const [number, spec] of corpus.sources.entries()) {
    const { documents, report } =
      replay?.(number) ??
      readSource(await withUnit(spec, say), recipe, (characters) => onRead("reading", characters), { hub });
    const ordered = corpus.shuffle
      ? shuffleDocuments(documents, { seed, workFolder, memoryBytes: shuffleBytes })
      : documents;
    sources.push({ name: nameOf(spec), documents: { ...ordered, report }, weight: spec.weight });
  }
  const filters = filtersOf(recipe, options);
  const charactersOf = replay && charactersAsRead;
  const composed = composeCorpus({ sources, filters, atEnd: corpus.whenSourceEnds, charactersOf });
  const whole = replay ? withoutJudgements(composed) : composed;
  if (corpus.maxDocuments === null) return whole;
  return { ...takeDocuments(whole, { documents: corpus.maxDocuments }), report: whole.report };
};

/** The documents of a source in its own order, or those of a part of its files. */
export const readSource = (
  spec: SourceSpec,
  { corpus }: Recipe,
  onRead: (characters: number) => void,
  options: ReadingOptions = {},
): JudgedDocuments => {
  const source = read(spec, corpus, options);
  const joined = corpus.joinSuccessive > 1 ? joinSuccessive(source, corpus.joinSuccessive) : source;
  return {
    documents: observed(joined, onRead),
    report: "report" in source ? (source as ReadDocuments).report : undefined,
  };
};

/** A source and what its reader counts; undefined for one that counts nothing. */
export interface JudgedDocuments {
  readonly documents: AsyncIterable<Document>;
  readonly report: (() => ReadReport) | undefined;
}

type ReadingOptions = Pick<FileDocumentsOptions, "part" | "maxBadShare" | "onBad"> & Pick<CorpusOptions, "hub">;

/** Tells of a path that is wrong now, and not when the sources before it have been read. */
export const requireSources = async ({ corpus }: Recipe): Promise<void> => {
  await requirePaths("corpus.sources", corpus.sources);
  await requirePaths("corpus.decontamination.sources", corpus.decontamination?.sources ?? []);
  await requirePaths("corpus.lastPhase.sources", corpus.lastPhase?.sources ?? []);
};

const requirePaths = async (setting: string, sources: readonly SourceSpec[]): Promise<void> => {
  for (const source of sources) {
    if (source.kind === "installed-documentation" && !(await isThere(join(source.root, "node_modules"))))
      throw fault({
        code: "not-found",
        place: setting,
        problem: `expected a folder with node_modules, whose documentation is the text, got ${resolve(source.root)}`,
        remedy: "`npm install cramkit` there, or name text of your own",
        type: RangeError,
      });
    for (const path of source.kind === "files" || source.kind === "ids" ? [source.path].flat() : []) {
      if (!(await isThere(path)))
        throw fault({
          code: "not-found",
          place: setting,
          problem: `expected a file or folder of text, got ${path}, which does not exist`,
          remedy: /^[\w.-]+\/[\w.-]+$/.test(path)
            ? `a dataset of the Hugging Face hub is hf://datasets/${path}`
            : "put text there or name another path",
          type: RangeError,
        });
    }
  }
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return false;
      throw error;
    },
  );

/** The filters that judge a document by itself, in their order. */
export const judgingFilters = (
  recipe: Recipe,
  { say, dictionary, hub }: Pick<CorpusOptions, "say" | "dictionary" | "hub">,
): JudgingFilters => {
  const { corpus } = recipe;
  const { cleaning, minCharacters, maxCharacters, decontamination } = corpus;
  const isBounded = minCharacters > 0 || maxCharacters !== null;
  return {
    cleaning: cleaning === "none" ? undefined : clean(cleaning === "reference" ? referenceCleaning : {}),
    length: isBounded ? lengthBetween({ minCharacters, maxCharacters: maxCharacters ?? undefined }) : undefined,
    quality: corpus.quality === null ? undefined : quality(corpus.quality),
    decontamination:
      decontamination === null
        ? undefined
        : decontaminate({
            evaluation: composeEvaluation(decontamination.sources, corpus, hub),
            words: decontamination.words,
          }),
    compressibility: compressibilityOf(recipe, say, dictionary),
  };
};

const filtersOf = (recipe: Recipe, options: CorpusOptions): DocumentFilter[] => {
  const { workFolder, onRead, replay } = options;
  const { corpus } = recipe;
  const filters: DocumentFilter[] = [];
  const judging = judgingFilters(recipe, options);
  const judge = (name: keyof JudgingFilters) => {
    const filter = judging[name];
    if (filter !== undefined) filters.push(replay ? asJudged(name, filter) : filter);
  };
  judge("cleaning");
  judge("length");
  judge("quality");
  if (corpus.exactDuplicates) filters.push(deduplicateDocuments());
  judge("decontamination");
  if (corpus.duplicateBytes !== null) {
    const onProgress = ({ stage }: { stage: string }) => onRead(`${stage} for repeated text`);
    const keep = corpus.duplicateCopies;
    const sizes = { minBytes: corpus.duplicateBytes, memoryBytes: repeatBytes };
    filters.push(deduplicateSubstrings({ ...sizes, keep, workFolder, onProgress }));
  }
  if (corpus.nearDuplicates !== null) {
    const onProgress = ({ stage }: { stage: string }) => onRead(`${stage} for near-duplicates`);
    const bandKeysOf = replay && knownBandKeys;
    filters.push(deduplicateNear({ ...corpus.nearDuplicates, workFolder, onProgress, bandKeysOf }));
  }
  judge("compressibility");
  return filters;
};

/** Of another tokenizer than the run's own, which is made when the first document is measured. */
const compressibilityOf = (
  recipe: Recipe,
  say: CorpusOptions["say"],
  dictionary: ChunkDictionary | undefined,
): DecidingFilter | undefined => {
  const { maxTokensPerCharacter, compressionTokenizer } = recipe.corpus;
  if (maxTokensPerCharacter === null) return undefined;
  const measure = compressionTokenizerOf(recipe);
  if (measure === null) {
    if (compressionTokenizer !== null)
      say("compressibility is measured by the run's own tokenizer: that of the novels is for English in ASCII");
    return undefined;
  }
  const isNovels = measure === novelsName;
  const createMeasure = async () => {
    const tokenizer = isNovels ? await novelsTokenizer() : await readTokenizer(measure);
    const meter = textMeter(tokenizer, dictionaryFor(tokenizer, dictionary));
    return (text: string) => {
      const { tokens, deleted, unknown } = meter(text);
      return { tokens, uncompressed: deleted + unknown };
    };
  };
  let made: ReturnType<typeof createMeasure> | undefined;
  const countTokens = async (text: string) => (await (made ??= createMeasure()))(text);
  return compressible({
    cutoff: maxTokensPerCharacter,
    countTokens,
    by: isNovels ? novelsTokenizerName() : undefined,
  });
};

/** The dictionary if it cuts texts as the tokenizer does, or one that does. */
const dictionaryFor = (tokenizer: Tokenizer, dictionary?: ChunkDictionary): ChunkDictionary | undefined => {
  const { normalizer, pre_tokenizer: preTokenizer } = tokenizer.toJSON();
  const rule = chunkRule(normalizer, preTokenizer);
  if (!rule || (dictionary && isSameRule(rule, dictionary.rule))) return dictionary;
  return chunkDictionary(rule);
};

/** An evaluation set is small; none of its records may be lost to a broken line. */
const composeEvaluation = (
  sources: readonly SourceSpec[],
  corpus: Recipe["corpus"],
  hub: HubWaits | undefined,
): AsyncIterable<Document> =>
  composeCorpus({
    sources: sources.map((spec) => ({
      name: nameOf(spec),
      documents: read(spec, { ...corpus, maxBadShare: 0, onBrokenFile: "stop" }, { hub }),
    })),
  });

/** A text file of more bytes is read in passages if nobody says what its documents are. */
const largeFileBytes = 16 << 20;

export const withUnit = async (spec: SourceSpec, say: CorpusOptions["say"]): Promise<SourceSpec> => {
  if (spec.kind !== "files" || spec.unit !== undefined) return spec;
  const { path, include, exclude, format } = spec;
  for (const file of await documentFiles({ path, include, exclude, format })) {
    const isText = (format ?? (/\.(?:txt|text|md)(?:\.gz|\.zst)?$/i.test(file.path) ? "txt" : "other")) === "txt";
    const bytes = isText ? (await stat(file.path)).size : 0;
    if (bytes <= largeFileBytes) continue;
    say(
      `${file.path}: ${(bytes / 1e6).toFixed(0)} MB of text in one file are read in passages of about 4,000 characters; set unit to "file", "line" or "block" for other documents`,
    );
    return { ...spec, unit: "passage" };
  }
  return spec;
};

const read = (spec: SourceSpec, corpus: Recipe["corpus"], options: ReadingOptions = {}) => {
  const { maxBadShare, onBrokenFile } = { ...corpus, ...options };
  const { part, onBad } = options;
  if (spec.kind === "ids")
    throw fault({
      code: "invalid-argument",
      place: "openCorpus",
      problem: "expected text, got ids",
      remedy: "they are packed as they are",
      type: RangeError,
    });
  if (spec.kind === "novels")
    return fileDocuments({ path: novelPaths(), unit: "passage", maxBadShare: options.maxBadShare ?? 0, part, onBad });
  if (spec.kind === "installed-documentation") {
    const { root, declarations } = spec;
    return installedDocumentation({ root, declarations });
  }
  const { kind: _, weight: __, ...rest } = spec;
  const all = { ...rest, where: wantedRecords(spec.where), maxBadShare, onBrokenFile, part, onBad };
  if (spec.kind === "hub") return hubDocuments({ ...all, ...options.hub, uri: spec.uri });
  return fileDocuments({ ...all, path: spec.path });
};

/** Half a pair of units is a replacement character, as on disk, whether the documents lie there in between or not. */
const observed = (
  documents: AsyncIterable<Document>,
  onRead: (characters: number) => void,
): AsyncIterable<Document> => ({
  async *[Symbol.asyncIterator]() {
    for await (const document of documents) {
      const text: string & { isWellFormed?(): boolean } = document.text;
      onRead(text.length);
      yield text.isWellFormed?.() ? document : { ...document, text: Buffer.from(text).toString() };
    }
  },
});

const readTokenizer = async (path: string): Promise<Tokenizer> => tokenizerFromJson(await readText(path));

const novelPaths = (): string[] => novels.map((novel) => fileURLToPath(novelUrl(novel)));

/** A source as its recipe names it. */
const nameOf = (spec: SourceSpec): string => {
  switch (spec.kind) {
    case "installed-documentation":
      return `documentation under ${spec.root}`;
    case "novels":
      return "novels of @cramkit/novels";
    case "hub":
      return spec.uri;
    case "ids":
    case "files":
      return [spec.path].flat().join(", ");
  }
};
