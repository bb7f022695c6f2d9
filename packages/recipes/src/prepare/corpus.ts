import { access, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Corpus,
  clean,
  composeCorpus,
  compressible,
  type Document,
  type DocumentFilter,
  decontaminate,
  deduplicateDocuments,
  joinSuccessive,
  lengthBetween,
  quality,
  referenceCleaning,
  takeDocuments,
} from "@cramkit/corpus";
import {
  deduplicateNear,
  deduplicateSubstrings,
  documentFiles,
  fileDocuments,
  hubDocuments,
  installedDocumentation,
  shuffleDocuments,
} from "@cramkit/corpus/node";
import { fault } from "@cramkit/errors";
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
import { compressionTokenizerOf, novelsName, novelsTokenizer, novelsTokenizerName } from "./novels-tokenizer.ts";
import { wantedRecords } from "./wanted-records.ts";

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
}

/**
 * The documents of a recipe: its sources in a seeded order, cleaned and filtered. Compressibility by the run's own
 * tokenizer is not among the filters, since that tokenizer is trained on these documents.
 */
export const openCorpus = async (recipe: Recipe, options: CorpusOptions): Promise<Corpus> => {
  const { corpus, seed } = recipe;
  const { workFolder, onRead, say } = options;
  const sources = [];
  for (const spec of corpus.sources) {
    const source = read(await withUnit(spec, say), corpus);
    const joined = corpus.joinSuccessive > 1 ? joinSuccessive(source, corpus.joinSuccessive) : source;
    const documents = observed(joined, onRead);
    sources.push({
      name: nameOf(spec),
      documents: {
        ...(corpus.shuffle ? shuffleDocuments(documents, { seed, workFolder }) : documents),
        report: "report" in source ? source.report : undefined,
      },
      weight: spec.weight,
    });
  }
  const filters = await filtersOf(recipe, options);
  const composed = composeCorpus({ sources, filters, atEnd: corpus.whenSourceEnds });
  if (corpus.maxDocuments === null) return composed;
  return { ...takeDocuments(composed, { documents: corpus.maxDocuments }), report: composed.report };
};

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

const filtersOf = async (recipe: Recipe, { workFolder, onRead, say, dictionary }: CorpusOptions) => {
  const { corpus } = recipe;
  const filters: DocumentFilter[] = [];
  const { cleaning, minCharacters, maxCharacters, maxTokensPerCharacter, decontamination } = corpus;
  if (cleaning !== "none") filters.push(clean(cleaning === "reference" ? referenceCleaning : {}));
  if (minCharacters > 0 || maxCharacters !== null)
    filters.push(lengthBetween({ minCharacters, maxCharacters: maxCharacters ?? undefined }));
  if (corpus.quality !== null) filters.push(quality(corpus.quality));
  if (corpus.exactDuplicates) filters.push(deduplicateDocuments());
  if (decontamination !== null) {
    const { sources, words } = decontamination;
    filters.push(decontaminate({ evaluation: composeEvaluation(sources, corpus), words }));
  }
  if (corpus.duplicateBytes !== null) {
    const onProgress = ({ stage }: { stage: string }) => onRead(`${stage} for repeated text`);
    const keep = corpus.duplicateCopies;
    filters.push(deduplicateSubstrings({ minBytes: corpus.duplicateBytes, keep, workFolder, onProgress }));
  }
  if (corpus.nearDuplicates !== null) {
    const onProgress = ({ stage }: { stage: string }) => onRead(`${stage} for near-duplicates`);
    filters.push(deduplicateNear({ ...corpus.nearDuplicates, workFolder, onProgress }));
  }
  const measure = compressionTokenizerOf(recipe);
  if (maxTokensPerCharacter !== null && measure === null && corpus.compressionTokenizer !== null)
    say("compressibility is measured by the run's own tokenizer: that of the novels is for English in ASCII");
  if (maxTokensPerCharacter !== null && measure !== null) {
    const isNovels = measure === novelsName;
    const tokenizer = isNovels ? await novelsTokenizer() : await readTokenizer(measure);
    const meter = textMeter(tokenizer, dictionaryFor(tokenizer, dictionary));
    const countTokens = (text: string) => {
      const { tokens, deleted, unknown } = meter(text);
      return { tokens, uncompressed: deleted + unknown };
    };
    filters.push(
      compressible({ cutoff: maxTokensPerCharacter, countTokens, by: isNovels ? novelsTokenizerName() : undefined }),
    );
  }
  return filters;
};

/** The dictionary if it cuts texts as the tokenizer does, or one that does. */
const dictionaryFor = (tokenizer: Tokenizer, dictionary?: ChunkDictionary): ChunkDictionary | undefined => {
  const { normalizer, pre_tokenizer: preTokenizer } = tokenizer.toJSON();
  const rule = chunkRule(normalizer, preTokenizer);
  if (!rule || (dictionary && isSameRule(rule, dictionary.rule))) return dictionary;
  return chunkDictionary(rule);
};

/** An evaluation set is small; none of its records may be lost to a broken line. */
const composeEvaluation = (sources: readonly SourceSpec[], corpus: Recipe["corpus"]): AsyncIterable<Document> =>
  composeCorpus({
    sources: sources.map((spec) => ({
      name: nameOf(spec),
      documents: read(spec, { ...corpus, maxBadShare: 0, onBrokenFile: "stop" }),
    })),
  });

/** A text file of more bytes is read in passages if nobody says what its documents are. */
const largeFileBytes = 16 << 20;

const withUnit = async (spec: SourceSpec, say: CorpusOptions["say"]): Promise<SourceSpec> => {
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

const read = (spec: SourceSpec, { maxBadShare, onBrokenFile }: Recipe["corpus"]) => {
  if (spec.kind === "ids") throw new RangeError("openCorpus: expected text, got ids; they are packed as they are");
  if (spec.kind === "novels") return fileDocuments({ path: novelPaths(), unit: "passage", maxBadShare: 0 });
  if (spec.kind === "installed-documentation") {
    const { root, declarations } = spec;
    return installedDocumentation({ root, declarations });
  }
  const { kind: _, weight: __, ...rest } = spec;
  const options = { ...rest, where: wantedRecords(spec.where) };
  if (spec.kind === "hub") return hubDocuments({ ...options, uri: spec.uri, maxBadShare, onBrokenFile });
  return fileDocuments({ ...options, path: spec.path, maxBadShare, onBrokenFile });
};

const observed = (documents: AsyncIterable<Document>, onRead: CorpusOptions["onRead"]): AsyncIterable<Document> => ({
  async *[Symbol.asyncIterator]() {
    for await (const document of documents) {
      onRead("reading", document.text.length);
      yield document;
    }
  },
});

const readTokenizer = async (path: string): Promise<Tokenizer> => tokenizerFromJson(await readFile(path, "utf8"));

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
