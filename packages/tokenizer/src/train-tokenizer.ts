import { fault, shown } from "@cramkit/errors";
import { specialToken } from "./added-tokens.ts";
import type { TokenizerJson } from "./json/schema.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { tokenizerFromJson } from "./tokenizer-json.ts";
import { checkTrainOptions } from "./training/check-options.ts";
import { type CountedWords, MAX_WORDS } from "./training/counted-words.ts";
import type { CountWords, TrainOptions, TrainProgress } from "./training/options.ts";
import { sortedWords } from "./training/sorted-words.ts";
import { templateJson } from "./training/template-json.ts";
import { trainModel } from "./training/train-model.ts";
import { withTurns } from "./training/turns.ts";
import { VocabSizeError } from "./training/vocab-size-error.ts";
import { wordCounter } from "./training/word-counter.ts";

/**
 * Trains a tokenizer on `documents`, each read once and not kept. The same documents in any order and the same options give
 * the same tokenizer.
 *
 * @throws VocabSizeError if the text does not give `vocabSize` entries, unless `size` is `"trained"`, or has more characters
 */
export const trainTokenizer = async (
  documents: AsyncIterable<string> | Iterable<string>,
  options: TrainOptions,
): Promise<Tokenizer> => {
  checkTrainOptions(options);
  checkDocuments(documents);
  const { specialTokens = [], vocabSize, onProgress } = options;
  const progress = begin();
  const counted = await count(documents, options, progress);
  progress.droppedWords = counted.dropped;
  const words = sortedWords(counted.words);
  counted.words.clear();
  progress.phase = "train";
  onProgress?.({ ...progress });
  const model = await trainModel(
    words,
    options,
    withTurns((fraction) => onProgress?.({ ...progress, fraction })),
  );
  const json: TokenizerJson = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: pipelineOf(options).addedTokens,
    normalizer: options.normalizer ?? null,
    pre_tokenizer: options.preTokenizer ?? null,
    post_processor: options.template
      ? templateJson(options.template, (token) =>
          specialTokens.includes(token) ? specialTokens.indexOf(token) : undefined,
        )
      : (options.postProcessor ?? null),
    decoder: options.decoder ?? null,
    model,
  };
  const tokenizer = tokenizerFromJson(json);
  if (tokenizer.vocabSize !== vocabSize && options.size !== "trained") {
    throw new VocabSizeError(
      `at most ${tokenizer.vocabSize.toLocaleString("en-US")}, all that the text gives`,
      vocabSize,
      "read more text or lower it",
      `${options.minFrequency ? "lower minFrequency, " : ""}or set size to "trained"`,
    );
  }
  return tokenizer;
};

const begin = (): TrainProgress => ({ phase: "count", documents: 0, characters: 0, droppedWords: 0, fraction: 0 });

const pipelineOf = ({ specialTokens = [], splitSpecialTokens = false, normalizer, preTokenizer }: TrainOptions) => ({
  addedTokens: specialTokens.map(specialToken),
  splitSpecialTokens,
  normalizer: normalizer ?? null,
  preTokenizer: preTokenizer ?? null,
});

const count = (
  documents: AsyncIterable<string> | Iterable<string>,
  options: TrainOptions,
  progress: TrainProgress,
): Promise<CountedWords> => {
  const { countWords = countOnThisThread, maxWords = MAX_WORDS, onProgress } = options;
  const onDocument = (document: string) => {
    if (typeof document !== "string") refuseDocument(document);
    progress.documents++;
    progress.characters += document.length;
    onProgress?.({ ...progress });
  };
  return countWords(documents, pipelineOf(options), onDocument, maxWords);
};

/**
 * Counts the words of a part of the documents, as `trainTokenizer` does: the counts of several parts, by `mergeCountedWords`,
 * make the same tokenizer as all documents in one, unless there are more than `maxWords` different words.
 */
export const countWords = async (
  documents: AsyncIterable<string> | Iterable<string>,
  options: TrainOptions,
): Promise<CountedWords> => {
  checkTrainOptions(options);
  checkDocuments(documents);
  return count(documents, options, begin());
};

/** A text is an iterable as well, of its characters. */
const checkDocuments = (documents: unknown): void => {
  const isIterable =
    typeof documents === "object" &&
    documents !== null &&
    (Symbol.asyncIterator in documents || Symbol.iterator in documents);
  if (!isIterable) {
    const remedy = typeof documents === "string" ? "write [text]" : "pass an array or an async iterable of strings";
    throw fault({
      code: "invalid-argument",
      place: "trainTokenizer",
      problem: `expected documents, got ${shown(documents)}`,
      remedy: remedy,
      type: TypeError,
    });
  }
};

function refuseDocument(document: unknown): never {
  const field =
    typeof document === "object" && document !== null
      ? Object.entries(document).find(([, value]) => typeof value === "string")?.[0]
      : undefined;
  const remedy = field === undefined ? "pass strings" : `pass documents.map((document) => document.${field})`;
  throw fault({
    code: "invalid-argument",
    place: "trainTokenizer",
    problem: `expected documents that are texts, got ${shown(document)}`,
    remedy: remedy,
    type: TypeError,
  });
}

const countOnThisThread: CountWords = async (documents, pipeline, onDocument, maxWords) => {
  const counter = wordCounter(pipeline, maxWords);
  for await (const document of documents) {
    onDocument(document);
    counter.add(document);
  }
  return counter.words();
};
