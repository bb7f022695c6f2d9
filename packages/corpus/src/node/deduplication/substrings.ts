import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkOptions, fault } from "@cramkit/errors";
import { createTemporaryFolder } from "@cramkit/files";
import type { Document } from "../../document.ts";
import { countedFilter, type DocumentFilter, type FilterTally } from "../../filters/filter.ts";
import { documentOf, readSpool, type SpooledDocument, writeSpool } from "../spool.ts";
import { utf8Scratch } from "../utf8-scratch.ts";
import { writeAnchors } from "./anchors-file.ts";
import { createAnchorScanner } from "./anchors-in-wasm.ts";
import type { RangeReader } from "./covered-ranges.ts";
import { createRepeatCounter } from "./repeat-counter.ts";
import { repeatedRanges } from "./repeated-ranges.ts";

export interface SubstringDeduplicationOptions {
  /**
   * The least length of a repeated substring, in bytes of UTF-8.
   *
   * @defaultValue `75`
   */
  minBytes?: number;
  /**
   * What stays of a substring that repeats: its first copy, or nothing, as with the tool that the study uses (Lee et al.,
   * arXiv 2107.06499), which also counts copies that overlap.
   *
   * @defaultValue `"first"`
   */
  keep?: "first" | "none";
  /**
   * Where the intermediate files go: the corpus and half as much again, and five times the part of it that repeats. Removed at
   * the end.
   *
   * @defaultValue the system's folder for temporary files
   */
  workFolder?: string;
  /**
   * Memory of the tables, shared equally by the two stages.
   *
   * @defaultValue 256 MiB
   */
  memoryBytes?: number;
  /**
   * Called as the corpus is read: bytes of text done in this stage ("searching" reads all of it at least once).
   *
   * @defaultValue not reported
   */
  onProgress?: (progress: { stage: "reading" | "searching" | "writing"; bytes: number }) => void;
}

/**
 * Removes every substring of at least `minBytes` bytes that occurred earlier in the corpus, in the same document or in
 * another one; the first occurrence stays. Exact: a byte is removed if and only if it is in a stretch of `minBytes` or
 * more bytes of one document that equals an earlier one which it does not overlap. Only whole characters are removed,
 * what is left of a document is joined, and a document of which nothing but white space is left is dropped. With `keep`
 * "none", the first copy goes too: every stretch that stands twice in the corpus.
 *
 * The first document comes out after the last one has been read. Memory does not depend on the size of the corpus.
 */
export const deduplicateSubstrings = (options: SubstringDeduplicationOptions = {}): DocumentFilter => {
  checkOptions("deduplicateSubstrings", options, {
    minBytes: true,
    workFolder: true,
    memoryBytes: true,
    onProgress: true,
    keep: true,
  });
  const { minBytes = 75, keep = "first" } = options;
  if (!Number.isInteger(minBytes) || minBytes < 8 || minBytes > 65536) {
    throw fault({
      code: "invalid-argument",
      place: "deduplicateSubstrings",
      problem: `expected minBytes of 8 to 65536, got ${minBytes}`,
      type: RangeError,
    });
  }
  const kept = keep === "none" ? ", all copies" : "";
  const name = `repeated substrings of ${minBytes} bytes or more${kept}`;
  return countedFilter(name, (documents, tally) => deduplicated(documents, { ...options, minBytes }, tally));
};

async function* deduplicated(
  documents: AsyncIterable<Document>,
  {
    minBytes,
    workFolder = tmpdir(),
    memoryBytes = 256 << 20,
    keep = "first",
    onProgress,
  }: SubstringDeduplicationOptions & { minBytes: number },
  tally: FilterTally,
): AsyncGenerator<Document> {
  const folder = await createTemporaryFolder(workFolder, "deduplicate");
  const spool = join(folder, "documents");
  let bytesDone = 0;
  const progress = (stage: "reading" | "searching" | "writing") => (bytes: number) => {
    bytesDone += bytes;
    onProgress?.({ stage, bytes: bytesDone });
  };
  try {
    const scanner = createAnchorScanner(minBytes);
    let counter: ReturnType<typeof createRepeatCounter> | undefined = createRepeatCounter(memoryBytes / 2);
    const { addAll } = counter;
    const writer = writeSpool(spool);
    const anchors = join(folder, "anchors");
    const anchorsWriter = writeAnchors(anchors);
    const encode = utf8Scratch();
    const onRead = progress("reading");
    let isEmpty = true;
    for await (const { text, source, id } of documents) {
      isEmpty = false;
      const bytes = encode(text);
      writer.add({ bytes, source, id });
      scanner.scan(bytes, (found) => {
        addAll(found.hashes, found.count);
        anchorsWriter.add(found);
      });
      anchorsWriter.endDocument();
      onRead(bytes.length);
    }
    writer.close();
    anchorsWriter.close();
    if (isEmpty) return;

    bytesDone = 0;
    const maxWindows = Math.max(1024, Math.floor(memoryBytes / 2 / bytesPerWindow));
    const onSearched = progress("searching");
    const ranges = await repeatedRanges({
      folder,
      spool,
      minBytes,
      maxWindows,
      anchors,
      counter,
      keep,
      onRead: onSearched,
    });
    counter = undefined;

    bytesDone = 0;
    yield* withoutRanges(spool, ranges.reader(), tally, progress("writing"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Slots, hash, offset, start, and its share of the kept text. */
const bytesPerWindow = 40;

async function* withoutRanges(
  spool: string,
  ranges: RangeReader,
  tally: FilterTally,
  onRead: (bytes: number) => void,
): AsyncGenerator<Document> {
  let start = 0;
  for await (const spooled of readSpool(spool)) {
    const { bytes } = spooled;
    onRead(bytes.length);
    const removed = ranges.within(start, start + bytes.length);
    start += bytes.length;
    if (removed.length === 0) {
      const document = documentOf(spooled);
      tally.keep(document.text.length, document);
      yield document;
      continue;
    }
    const document = documentOf(spooled, remaining(spooled, removed, tally));
    const before = bytes.toString("utf8");
    if (document.text.trim() === "") tally.drop({ ...document, text: before }, "nothing else is left");
    else {
      tally.keep(before.length, document);
      yield document;
    }
  }
}

/** The text outside of the ranges, which are cut back to whole characters. */
const remaining = ({ bytes, source, id }: SpooledDocument, ranges: number[], tally: FilterTally): string => {
  const isInside = (index: number) => ((bytes[index] ?? 0) & 0xc0) === 0x80;
  let text = "";
  let end = 0;
  for (let index = 0; index < ranges.length; index += 2) {
    let from = ranges[index] as number;
    let to = ranges[index + 1] as number;
    while (from < to && isInside(from)) from++;
    while (to > from && isInside(to)) to--;
    tally.example({ source, id, text: bytes.toString("utf8", from, to), reason: `repeated, byte ${from} to ${to}` });
    text += bytes.toString("utf8", end, from);
    end = to;
  }
  return text + bytes.toString("utf8", end);
};
