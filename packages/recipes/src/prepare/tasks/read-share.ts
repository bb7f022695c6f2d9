import type { ReadReport } from "@cramkit/corpus";
import { createDocumentsWriter } from "@cramkit/corpus/node";
import { writeFileAtomic } from "@cramkit/files";
import type { Recipe, SourceSpec } from "../../recipe/recipe.ts";
import { readJson } from "../../run-record.ts";
import { readSource } from "../corpus.ts";
import type { HubWaits } from "../hub-waits.ts";
import type { createJudge } from "../judgements.ts";
import { describeFile, isChanged, type SourceFile } from "../source-files.ts";
import type { ReadingShare } from "./reading-share.ts";
import { taskFiles } from "./task-files.ts";

const noteFormat = 1;

/** What the reader of a share had counted at a moment: files, documents, characters, unwanted records. */
export type ReadCounts = readonly [number, number, number, number];

/** What is known of a share that has been read. */
export interface ReadNote {
  readonly format: typeof noteFormat;
  readonly identity: string;
  /** The local files, as they were before. */
  readonly files: readonly SourceFile[];
  /** At the end. */
  readonly counts: ReadCounts;
}

/** The note of a share that has been read, unless it was read of other files than there are now. */
export const finishedShare = async (folder: string, share: ReadingShare): Promise<ReadNote | undefined> => {
  const note = (await readJson(taskFiles(folder).read(share.name).note)) as ReadNote | undefined;
  if (note?.format !== noteFormat || note.identity !== share.identity) return undefined;
  for (const file of note.files) if (await isChanged(file)) return undefined;
  return note;
};

/**
 * Reads a share, judges its documents, and writes them to its file. Records that cannot be read are written down where they
 * are, for whoever reads the file knows how many of them are too many of all.
 */
export const readShare = async (
  folder: string,
  share: ReadingShare,
  spec: SourceSpec,
  recipe: Recipe,
  judge: ReturnType<typeof createJudge>,
  { onRead, hub }: { readonly onRead: (characters: number) => void; readonly hub: HubWaits },
): Promise<void> => {
  const { documents, note } = taskFiles(folder).read(share.name);
  const files: SourceFile[] = [];
  for (const path of share.files) files.push(await describeFile(path));
  const writer = await createDocumentsWriter(documents);
  try {
    const source = readSource(spec, recipe, onRead, {
      part: share.part,
      hub,
      maxBadShare: 1,
      onBad: (bad) =>
        writer.addBytes({ bytes: Buffer.alloc(0), source: undefined, id: JSON.stringify([bad, countsOf(source)]) }),
    });
    for await (const document of source.documents) {
      const counts = countsOf(source);
      const judged = await judge(document);
      writer.add({ ...judged, source: JSON.stringify([document.source, ...counts]) });
    }
    await writer.commit();
    const content: ReadNote = { format: noteFormat, identity: share.identity, files, counts: countsOf(source) };
    await writeFileAtomic(note, JSON.stringify(content));
  } finally {
    await writer.abort();
  }
};

const countsOf = ({ report }: { report: (() => ReadReport) | undefined }): ReadCounts => {
  if (report === undefined) return [0, 0, 0, 0];
  const { files, documents, characters, unwanted } = report();
  return [files, documents, characters, unwanted];
};
