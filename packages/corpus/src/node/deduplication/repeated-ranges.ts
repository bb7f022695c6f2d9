import { rmSync } from "node:fs";
import { join } from "node:path";
import { appendToFile } from "../append-file.ts";
import { finish } from "../finish-hash.ts";
import { readSpool } from "../spool.ts";
import type { AnchorScanner } from "./anchors.ts";
import { type CoveredRanges, createCoveredRanges } from "./covered-ranges.ts";
import type { RepeatCounter } from "./repeat-counter.ts";
import { createRepeatFinder, runHeaderBytes } from "./window-groups.ts";

interface RepeatedRangesOptions {
  /** The folder for the intermediate files. */
  folder: string;
  spool: string;
  minBytes: number;
  /** Windows in memory at once. */
  maxWindows: number;
  scanner: AnchorScanner;
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
  const { folder, spool, minBytes, maxWindows, scanner, counter, keep, onRead } = options;
  const ranges = createCoveredRanges(folder);
  const finder = createRepeatFinder(minBytes, maxWindows, keep);
  const rounds = Math.ceil(counter.total() / counter.capacity);
  for (let round = 0; round < rounds; round++) {
    const inRound = (hash: number) => rounds === 1 || finish(hash ^ 0x7f4a7c15) % rounds === round;
    if (rounds > 1) {
      counter.clear();
      for await (const { bytes } of readSpool(spool)) {
        scanner.scan(bytes, (anchors) => {
          const { hashes } = anchors;
          let count = 0;
          for (let n = 0; n < anchors.count; n++) if (inRound(hashes[n]!)) hashes[count++] = hashes[n]!;
          counter.addAll(hashes, count);
        });
        onRead?.(bytes.length);
      }
    }
    // A run has about (minBytes - anchorBytes) / 2 windows, a bit more than a quarter of minBytes.
    const expectedWindows = counter.repeats() * Math.ceil(minBytes * 0.3);
    const partitions = createPartitions(folder, minBytes, Math.min(4096, Math.ceil(expectedWindows / maxWindows) || 1));
    let documentStart = 0;
    for await (const { bytes } of readSpool(spool)) {
      scanner.scan(bytes, ({ count, hashes, firsts, lasts }) => {
        for (let n = 0; n < count; n++) {
          const hash = hashes[n]!;
          if (counter.isRepeated(hash) && inRound(hash))
            partitions.add(hash, documentStart, bytes, firsts[n]!, lasts[n]!);
        }
      });
      documentStart += bytes.length;
      onRead?.(bytes.length);
    }
    for (const { path, windows } of partitions.finish()) {
      finder.find(path, windows, (start, length) => ranges.add(start, length));
      rmSync(path);
      await new Promise(setImmediate); // the search is synchronous: let others run in between
    }
  }
  return ranges;
};

const createPartitions = (folder: string, minBytes: number, count: number) => {
  const bufferBytes = Math.max(1 << 12, Math.min(1 << 18, Math.floor((1 << 25) / count)));
  const partitions = Array.from({ length: count }, (_, index) => {
    const path = join(folder, `runs-${index}`);
    return { path, windows: 0, file: appendToFile(path, bufferBytes) };
  });
  const header = Buffer.alloc(runHeaderBytes);
  return {
    add(hash: number, documentStart: number, bytes: Buffer, first: number, last: number) {
      const partition = partitions[finish(hash ^ 0x1d872b41) % count] as (typeof partitions)[number];
      header.writeDoubleLE(documentStart + first, 0);
      header.writeUInt32LE(last - first + 1, 8);
      partition.file.append(header);
      partition.file.append(bytes.subarray(first, last + minBytes));
      partition.windows += last - first + 1;
    },
    finish() {
      for (const { file } of partitions) file.close();
      return partitions.filter(({ windows }) => windows > 0);
    },
  };
};
