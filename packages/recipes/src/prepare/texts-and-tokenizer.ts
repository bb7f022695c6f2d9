import { join } from "node:path";
import { readDocuments } from "@cramkit/corpus/node";
import { fault } from "@cramkit/errors";
import { writeFileAtomic } from "@cramkit/files";
import {
  type ChunkDictionary,
  type Component,
  type CountWords,
  chunkDictionary,
  chunkedEncoder,
  chunkRule,
  coverageCounter,
  type Tokenizer,
  tokenizerFromJson,
  trainTokenizer,
  VocabSizeError,
} from "@cramkit/tokenizer";
import { countWordsInThreads } from "@cramkit/tokenizer/node";
import type { RunContext } from "../progress.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { trainingOptions } from "../recipe/tokenizer-options.ts";
import { readJson } from "../run-record.ts";
import { withAddedTokens } from "./added-tokens.ts";
import type { HubWaits } from "./hub-waits.ts";
import { checkLostText } from "./lost-text.ts";
import { readyTokenizer } from "./ready-tokenizer.ts";
import { finishedTexts, readTexts, type Texts, textFiles } from "./texts.ts";

export interface PreparationOptions {
  readonly recipe: Recipe;
  /** The folder of the prepared data. */
  readonly folder: string;
  /** Threads beside the one that reads. */
  readonly threads: number;
  readonly context: RunContext;
  readonly hub: HubWaits;
  /** Throws if the preparation has been asked to stop. */
  readonly stop: () => void;
  /**
   * The counts of the training documents' words that tasks have made.
   * @defaultValue the words are counted
   */
  readonly countWords?: CountWords;
}

/** Reads the corpus and trains the tokenizer on its training documents as they come by, if either is missing. */
export const textsAndTokenizer = async (
  options: PreparationOptions,
): Promise<{ texts: Texts; tokenizer: Tokenizer }> => {
  const { recipe, folder, threads, context, hub } = options;
  const tokenizerFile = join(folder, "tokenizer.json");
  const tokenizerJson = await readJson(tokenizerFile);
  let texts = await finishedTexts(folder);
  const onRead = readingProgress(options);
  let dictionary: ChunkDictionary | undefined;
  async function* trainingTexts(): AsyncGenerator<string> {
    if (texts) yield* textsAgain(folder, onRead);
    else texts = yield* readTexts(recipe, folder, { onRead, say: context.say, dictionary, hub });
  }
  if (tokenizerJson !== undefined) {
    if (!texts) for await (const _ of trainingTexts());
    return { texts: texts!, tokenizer: tokenizerFromJson(tokenizerJson as object) };
  }
  if (recipe.tokenizer.from !== null) {
    const { from, vocabSize, add } = recipe.tokenizer;
    const ready = withAddedTokens(await readyTokenizer(from, vocabSize), add); // before the text is read
    const { normalizer, pre_tokenizer: preTokenizer } = ready.toJSON();
    dictionary = dictionaryOf(normalizer, preTokenizer);
    if (dictionary && !chunkedEncoder(ready, dictionary)) dictionary = undefined; // it could not encode by chunks
    for await (const _ of trainingTexts());
    await writeFileAtomic(tokenizerFile, JSON.stringify(ready));
    return { texts: texts!, tokenizer: ready };
  }
  const training = trainingOptions(recipe.tokenizer);
  if (recipe.tokenizer.add.length === 0) dictionary = dictionaryOf(training.normalizer, training.preTokenizer);
  let droppedWords = 0;
  const trained = await trainTokenizer(trainingTexts(), {
    ...training,
    size: "trained", // a text that gives less is explained below
    countWords: options.countWords ?? (threads > 0 ? countWordsInThreads({ threads, dictionary }) : undefined),
    onProgress({ phase, fraction, droppedWords: dropped }) {
      droppedWords = dropped;
      options.stop();
      if (phase === "train")
        context.onProgress({ stage: "training the tokenizer", done: fraction, total: 1, unit: "%" });
    },
  }).catch((error) => {
    if (!(error instanceof VocabSizeError)) throw error;
    const { limit, vocabSize, remedy } = error;
    throw fault({
      code: "invalid-input",
      place: "tokenizer.vocabSize",
      problem: `expected ${limit}, got ${vocabSize}`,
      remedy,
      type: RangeError,
      cause: error,
    });
  });
  if (trained.vocabSize < recipe.tokenizer.vocabSize) await explainFewTokens(options, trained);
  if (droppedWords > 0)
    context.say(
      `the tokenizer was trained without ${droppedWords.toLocaleString("en-US")} rare words, for which there was no room`,
    );
  const tokenizer = withAddedTokens(trained, recipe.tokenizer.add);
  await writeFileAtomic(tokenizerFile, JSON.stringify(tokenizer));
  return { texts: texts!, tokenizer };
};

const dictionaryOf = (normalizer?: Component | null, preTokenizer?: Component | null): ChunkDictionary | undefined => {
  const rule = chunkRule(normalizer ?? null, preTokenizer ?? null);
  return rule && chunkDictionary(rule);
};

/** Characters that show whether the tokenizer keeps a text. */
const enoughToJudge = 1_000_000;

/** @throws a fault: the text is in a script that the tokenizer deletes, or it is too little for so many tokens */
const explainFewTokens = async ({ recipe, folder }: PreparationOptions, tokenizer: Tokenizer): Promise<never> => {
  const coverageOf = coverageCounter(tokenizer);
  let [characters, deleted, unknown] = [0, 0, 0];
  for await (const text of textsAgain(folder, () => {})) {
    const part = coverageOf(text);
    characters += part.characters;
    deleted += part.deleted;
    unknown += part.unknown;
    if (characters >= enoughToJudge) break;
  }
  checkLostText({ characters, deleted, unknown }, recipe);
  const most = tokenizer.vocabSize;
  throw fault({
    code: "invalid-input",
    place: "tokenizer.vocabSize",
    problem: `expected at most ${most.toLocaleString("en-US")}, all that the text gives, got ${recipe.tokenizer.vocabSize}`,
    remedy: `read more text, or set tokenizer.vocabSize=${most}`,
    type: RangeError,
  });
};

type OnRead = (stage: string, characters?: number) => void;

/** Counts what is read, and shows it. */
export const readingProgress = ({ context, stop }: PreparationOptions): OnRead => {
  let [documents, characters] = [0, 0];
  return (stage, read = 0) => {
    stop();
    if (stage === "reading") documents++;
    characters += read;
    context.onProgress({ stage, done: documents, unit: "documents", detail: `${(characters / 1e6).toFixed(1)} MB` });
  };
};

/** The training texts that an earlier reading wrote. */
async function* textsAgain(folder: string, onRead: OnRead): AsyncGenerator<string> {
  for await (const { text } of readDocuments(textFiles(folder).training)) {
    onRead("reading", text.length);
    yield text;
  }
}
