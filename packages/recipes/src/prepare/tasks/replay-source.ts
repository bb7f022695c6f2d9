import type { Document, ReadReport } from "@cramkit/corpus";
import { type BadInput, CorpusInputError, createReadTally, readSpool } from "@cramkit/corpus/node";
import type { Recipe } from "../../recipe/recipe.ts";
import type { JudgedDocuments } from "../corpus.ts";
import type { ReadCounts, ReadNote } from "./read-share.ts";
import type { ReadingShare } from "./reading-share.ts";
import { taskFiles } from "./task-files.ts";

/** The documents of a source that tasks have read, with the counts, and the errors, of a reader that reads them all. */
export const replaySource = (
  { corpus }: Recipe,
  folder: string,
  source: number,
  shares: readonly { share: ReadingShare; note: ReadNote }[],
  onRead: (characters: number) => void,
): JudgedDocuments => {
  const { kind } = corpus.sources[source]!;
  const { maxBadShare, onBrokenFile } = corpus;
  const policy = { maxBadShare: kind === "novels" ? 0 : maxBadShare, onBrokenFile };
  let tally = createReadTally(policy);
  async function* documents(): AsyncGenerator<Document> {
    tally = createReadTally(policy);
    const { report } = tally;
    for (const { share, note } of shares) {
      if (share.source !== source) continue;
      const before = { ...report };
      for await (const { bytes, source: from, id } of readSpool(taskFiles(folder).read(share.name).documents)) {
        if (from === undefined) {
          const [bad, counts] = JSON.parse(id!) as [BadInput, ReadCounts];
          count(report, before, counts);
          const { kind, records, file, place, reason } = bad;
          if (kind === "record") tally.bad({ file, place, reason }, records);
          else tally.broken(new CorpusInputError(reason, { file, at: place }));
          continue;
        }
        const [name, ...counts] = JSON.parse(from) as [string | null, ...ReadCounts];
        count(report, before, counts);
        const text = bytes.toString("utf8");
        onRead(text.length);
        yield { text, ...(name !== null && { source: name }), id };
      }
      count(report, before, note.counts);
    }
    tally.finish();
  }
  const hasReport = kind !== "installed-documentation";
  return { documents: { [Symbol.asyncIterator]: documents }, report: hasReport ? () => tally.report : undefined };
};

const count = (report: ReadReport, before: ReadReport, [files, documents, characters, unwanted]: ReadCounts): void => {
  report.files = before.files + files;
  report.documents = before.documents + documents;
  report.characters = before.characters + characters;
  report.unwanted = before.unwanted + unwanted;
};
