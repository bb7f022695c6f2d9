import {
  type Corpus,
  composeCorpus,
  compressible,
  type Document,
  type DocumentFilter,
  deduplicateDocuments,
  deduplicateSubstrings,
  fileDocuments,
  installedDocumentation,
  lengthBetween,
  shuffleDocuments,
  takeDocuments,
} from "@cramkit/corpus";
import type { Tokenizer } from "@cramkit/tokenizer";
import type { Recipe, SourceSpec } from "./recipe.ts";

/** What `openCorpus` needs besides the recipe. */
export interface CorpusOptions {
  /** Measures compressibility; without one that filter is left out, as when the tokenizer itself is trained. */
  readonly tokenizer?: Tokenizer;
  /** For what does not fit into memory. */
  readonly workFolder: string;
}

/** The documents of a recipe: its sources in a seeded order, cleaned and filtered. May be read again and again. */
export const openCorpus = ({ corpus, seed }: Recipe, { tokenizer, workFolder }: CorpusOptions): Corpus => {
  const { maxDocuments, shuffle, minCharacters, maxTokensPerCharacter, exactDuplicates, duplicateBytes } = corpus;
  const sources = corpus.sources.map((spec) => {
    let documents: AsyncIterable<Document> = read(spec);
    if (shuffle) documents = shuffleDocuments(documents, { seed, workFolder });
    return { name: nameOf(spec), documents, weight: "weight" in spec ? spec.weight : undefined };
  });
  const filters: DocumentFilter[] = [];
  if (minCharacters > 0) filters.push(lengthBetween({ minCharacters }));
  if (exactDuplicates) filters.push(deduplicateDocuments());
  if (duplicateBytes !== null) filters.push(deduplicateSubstrings({ minBytes: duplicateBytes, workFolder }));
  if (maxTokensPerCharacter !== null && tokenizer) {
    filters.push(
      compressible({ cutoff: maxTokensPerCharacter, countTokens: (text) => tokenizer.encodeIds(text).length }),
    );
  }
  const composed = composeCorpus({ sources, filters });
  if (maxDocuments === null) return composed;
  return { ...takeDocuments(composed, { documents: maxDocuments }), report: composed.report };
};

const read = (spec: SourceSpec): AsyncIterable<Document> => {
  if (spec.kind === "installed-documentation") return installedDocumentation({ root: spec.root });
  const { kind: _, weight: __, ...options } = spec;
  return fileDocuments(options);
};

/** A source as its recipe names it. */
const nameOf = (spec: SourceSpec): string =>
  spec.kind === "installed-documentation" ? `documentation under ${spec.root}` : [spec.path].flat().join(", ");
