import { rmSync } from "node:fs";
import { join } from "node:path";
import { finish } from "../finish-hash.ts";
import { readSpool, type SpooledDocument } from "../spool.ts";
import { type AnchorsReader, readAnchors } from "./anchors-file.ts";
import { type CoveredRanges, createCoveredRanges } from "./covered-ranges.ts";
import type { RepeatCounter } from "./repeat-counter.ts";
import { createRepeatFinder } from "./repeat-finder.ts";
import { type WindowRun, writeRuns } from "./run-files.ts";

interface RepeatedRangesOptions {
  /** The folder for the intermediate files. */
  folder: string;
  spool: string;
  minBytes: number;
  /** Windows in memory at once. */
  maxWindows: number;
  /** The anchors of the spooled documents. */
  anchors: string;
  /** Has counted the anchors of all documents. */
  counter: RepeatCounter;
  /** Whether the first copy of what repeats is left out of the ranges, or none. */
  keep: "first" | "none";
  onRead?: (bytes: number) => void;
}

/**
 * The stretches of a spooled corpus that are covered by windows of `minBytes` which repeat an earlier one.
 *
 * Only windows whose anchor occurs twice can be repeated. They are written to partitions by the hash of their anchor,
 * so that equal windows are in the same one, and each partition is searched in memory. If the corpus has more
 * anchors than the counter has room for, most would count as repeated; then the anchors are counted and searched in
 * several rounds, each for a part of all hashes.
 */
export const repeatedRanges = async (options: RepeatedRangesOptions): Promise<CoveredRanges> => {
  const { folder, spool, minBytes, maxWindows, anchors, counter, keep, onRead } = options;
  const ranges = createCoveredRanges(folder);
  const finder = createRepeatFinder({ windowBytes: minBytes, maxWindows, keep });
  const rounds = Math.ceil(counter.total() / counter.capacity);
  const eachDocument = async (visit: (document: SpooledDocument, reader: AnchorsReader) => void) => {
    const reader = readAnchors(anchors);
    try {
      for await (const document of readSpool(spool)) visit(document, reader);
    } finally {
      reader.close();
    }
  };
  for (let round = 0; round < rounds; round++) {
    const inRound = (hash: number) => rounds === 1 || finish(hash ^ 0x7f4a7c15) % rounds === round;
    if (rounds > 1) {
      counter.clear();
      await eachDocument(({ bytes }, reader) => {
        reader.nextDocument(({ count, hashes }) => {
          let wanted = 0;
          for (let n = 0; n < count; n++) if (inRound(hashes[n]!)) hashes[wanted++] = hashes[n]!;
          counter.addAll(hashes, wanted);
        });
        onRead?.(bytes.length);
      });
    }
    // A run has about (minBytes - anchorBytes) / 2 windows, a bit more than a quarter of minBytes.
    const expectedWindows = counter.repeats() * Math.ceil(minBytes * 0.3);
    const partitions = createPartitions(folder, Math.min(4096, Math.ceil(expectedWindows / maxWindows) || 1));
    let documentStart = 0;
    await eachDocument(({ bytes }, reader) => {
      reader.nextDocument(({ count, hashes, firsts, lasts, places }) => {
        for (let n = 0; n < count; n++) {
          const hash = hashes[n]!;
          if (!counter.isRepeated(hash) || !inRound(hash)) continue;
          const [first, last] = [firsts[n]!, lasts[n]!];
          partitions.add({
            start: documentStart + first,
            count: last - first + 1,
            hash,
            place: places[n]! - first,
            bytes: bytes.subarray(first, last + minBytes),
          });
        }
      });
      documentStart += bytes.length;
      onRead?.(bytes.length);
    });
    for (const { path, windows } of partitions.finish()) {
      finder.find(path, windows, (start, length) => ranges.add(start, length));
      rmSync(path);
      await new Promise(setImmediate); // the search is synchronous: let others run in between
    }
  }
  return ranges;
};

const createPartitions = (folder: string, count: number) => {
  const bufferBytes = Math.max(1 << 12, Math.min(1 << 18, Math.floor((1 << 25) / count)));
  const partitions = Array.from({ length: count }, (_, index) => {
    const path = join(folder, `runs-${index}`);
    return { path, windows: 0, file: writeRuns(path, bufferBytes) };
  });
  return {
    add(run: WindowRun) {
      const partition = partitions[finish(run.hash ^ 0x1d872b41) % count] as (typeof partitions)[number];
      partition.file.add(run);
      partition.windows += run.count;
    },
    finish() {
      for (const { file } of partitions) file.close();
      return partitions.filter(({ windows }) => windows > 0);
    },
  };
};
