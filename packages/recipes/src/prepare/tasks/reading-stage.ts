import { rm } from "node:fs/promises";
import { minHash } from "@cramkit/corpus";
import { judgingFilters, withUnit } from "../corpus.ts";
import { createJudge } from "../judgements.ts";
import { noteSources } from "../source-files.ts";
import { finishedTexts, readTexts } from "../texts.ts";
import { readingProgress } from "../texts-and-tokenizer.ts";
import { finishedShare, type ReadNote, readShare } from "./read-share.ts";
import { readingShares } from "./reading-share.ts";
import { replaySource } from "./replay-source.ts";
import type { StageOptions, TaskStage } from "./stage.ts";
import { taskFiles } from "./task-files.ts";

/** Reads, cleans and filters: each file by a task; the order, and what documents have in common, by the merge. */
export const readingStage = async (options: StageOptions): Promise<TaskStage> => {
  const { recipe, folder, context, hub, stop } = options;
  const { nearDuplicates, sources } = recipe.corpus;
  const shares = await readingShares(recipe, hub);
  return {
    name: "reading",
    unit: shares.length === 1 ? "file" : "files",
    parts: shares.length,
    isOver: async () => (await finishedTexts(folder)) !== undefined,
    isDone: async (part) => (await finishedShare(folder, shares[part]!)) !== undefined,
    async start() {
      const filters = judgingFilters(recipe, { say: context.say, hub });
      return {
        async do(part, onRead) {
          const share = shares[part]!;
          const spec = await withUnit(sources[share.source]!, context.say);
          const judge = createJudge(filters, nearDuplicates === null ? undefined : bandKeys(nearDuplicates));
          await readShare(folder, share, spec, recipe, judge, {
            onRead(characters) {
              stop();
              onRead(characters);
            },
            hub,
          });
        },
      };
    },
    async merge() {
      const noted: { share: (typeof shares)[number]; note: ReadNote }[] = [];
      for (const share of shares) noted.push({ share, note: (await finishedShare(folder, share))! });
      const files = new Map(noted.flatMap(({ note }) => note.files.map((file) => [file.path, file] as const)));
      await noteSources(recipe, folder, hub, files);
      const onRead = readingProgress(options);
      const replay = (source: number) =>
        replaySource(recipe, folder, source, noted, (characters) => onRead("reading", characters));
      for await (const _ of readTexts(recipe, folder, { onRead, say: context.say, replay, hub }));
      await rm(taskFiles(folder).readFolder, { recursive: true, force: true });
    },
  };
};

const bandKeys = (options: { words: number; bands: number; rows: number }) => {
  const { signature, bandKeys } = minHash(options);
  return (text: string): Uint32Array | null => {
    const made = signature(text);
    return made === undefined ? null : bandKeys(made);
  };
};
