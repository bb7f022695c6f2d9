import { stat } from "node:fs/promises";
import { createEncoder } from "../encoded-documents.ts";
import { isFinished, removeWork, writeSets } from "../prepare.ts";
import { textFiles } from "../texts.ts";
import { textsAndTokenizer } from "../texts-and-tokenizer.ts";
import { encodedByTasks, encodeRange, setsOfTasks } from "./encoded-ranges.ts";
import { isThere, trainingRanges } from "./ranges.ts";
import type { StageOptions, TaskStage } from "./stage.ts";
import { taskFiles } from "./task-files.ts";

/** Encodes ranges of the training documents; the merge packs and orders the rows. */
export const encodingStage = async (options: StageOptions): Promise<TaskStage> => {
  const { recipe, folder, threads, stop, of } = options;
  const sets = setsOfTasks(recipe);
  const ranges = await trainingRanges(folder, of);
  const { encoded } = taskFiles(folder);
  return {
    name: "encoding",
    unit: "ranges",
    parts: ranges.length,
    isOver: () => isFinished(folder, recipe),
    isDone: async (part) => (await Promise.all(sets.map((set) => isThere(encoded(set, part))))).every(Boolean),
    async start() {
      const { tokenizer } = await textsAndTokenizer(options);
      const { size } = await stat(textFiles(folder).training);
      const encoder = createEncoder(tokenizer, threads, size / of);
      return {
        async do(part, onRead) {
          for (const set of sets)
            await encodeRange(options, set, part, ranges[part]!, { tokenizer, encoder }, (characters) => {
              stop();
              onRead(characters);
            });
        },
        end: () => encoder.dispose(),
      };
    },
    async merge() {
      const made = await textsAndTokenizer(options);
      await writeSets({
        ...options,
        ...made,
        encoded: (set, from) => (sets.includes(set) ? encodedByTasks(folder, set, ranges.length, from) : undefined),
      });
      await removeWork(folder);
    },
  };
};
