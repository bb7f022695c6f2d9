import { rm } from "node:fs/promises";
import { join } from "node:path";
import { textsAndTokenizer } from "../texts-and-tokenizer.ts";
import { countRange, sumOfWords } from "./counted-words.ts";
import { isThere, trainingRanges } from "./ranges.ts";
import type { StageOptions, TaskStage } from "./stage.ts";
import { taskFiles } from "./task-files.ts";

/** Counts words by ranges of the training documents; the merge trains one tokenizer on the sums. */
export const countingStage = async (options: StageOptions): Promise<TaskStage> => {
  const { recipe, folder, stop, of } = options;
  const ranges = await trainingRanges(folder, of);
  const { words, wordsFolder } = taskFiles(folder);
  const isReady = recipe.tokenizer.from !== null; // then there is nothing to count
  return {
    name: "counting words",
    unit: "ranges",
    parts: isReady ? 0 : ranges.length,
    isOver: () => isThere(join(folder, "tokenizer.json")),
    isDone: (part) => isThere(words(part)),
    start: async () => ({
      do: (part, onRead) =>
        countRange(options, part, ranges[part]!, (characters) => {
          stop();
          onRead(characters);
        }),
    }),
    async merge() {
      await textsAndTokenizer({
        ...options,
        ...(!isReady && { countWords: (_, __, ___, maxWords) => sumOfWords(folder, ranges.length, maxWords) }),
      });
      await rm(wordsFolder, { recursive: true, force: true });
    },
  };
};
