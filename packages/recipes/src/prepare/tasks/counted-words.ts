import { createDocumentsWriter, readDocuments, readSpool, type SpoolRange } from "@cramkit/corpus/node";
import { type CountedWords, countWords, mergeCountedWords } from "@cramkit/tokenizer";
import { countWordsInThreads } from "@cramkit/tokenizer/node";
import { trainingOptions } from "../../recipe/tokenizer-options.ts";
import { textFiles } from "../texts.ts";
import type { PreparationOptions } from "../texts-and-tokenizer.ts";
import { taskFiles } from "./task-files.ts";

/** Counts the words of a range of the training documents, and writes the counts to its file. */
export const countRange = async (
  { recipe, folder, threads }: PreparationOptions,
  number: number,
  range: SpoolRange,
  onRead: (characters: number) => void,
): Promise<void> => {
  const counted = await countWords(texts(folder, range, onRead), {
    ...trainingOptions(recipe.tokenizer),
    countWords: threads > 0 ? countWordsInThreads({ threads }) : undefined,
  });
  const writer = await createDocumentsWriter(taskFiles(folder).words(number));
  try {
    writer.addBytes({ bytes: Buffer.alloc(0), source: "dropped", id: String(counted.dropped) });
    for (const [word, count] of counted.words)
      writer.addBytes({ bytes: Buffer.from(word), source: undefined, id: String(count) });
    await writer.commit();
  } finally {
    await writer.abort();
  }
};

async function* texts(folder: string, range: SpoolRange, onRead: (characters: number) => void): AsyncGenerator<string> {
  for await (const { text } of readDocuments(textFiles(folder).training, { range })) {
    onRead(text.length);
    yield text;
  }
}

/** The sum of the counts of all ranges. */
export const sumOfWords = async (folder: string, ranges: number, maxWords: number): Promise<CountedWords> => {
  const sum: CountedWords = { words: new Map(), dropped: 0 };
  for (let number = 0; number < ranges; number++) {
    const part: CountedWords = { words: new Map(), dropped: 0 };
    for await (const { bytes, source, id } of readSpool(taskFiles(folder).words(number))) {
      if (source === "dropped") part.dropped = Number(id);
      else part.words.set(bytes.toString("utf8"), Number(id));
    }
    mergeCountedWords(sum, part, maxWords);
  }
  return sum;
};
