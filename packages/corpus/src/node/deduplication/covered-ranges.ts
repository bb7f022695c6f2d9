import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { appendToFile, type FileAppender } from "../append-file.ts";

const bucketBytes = 2 ** 24;

/** Stretches of the corpus, collected in any order and read in theirs; on disk, a bucket of 16 MB of corpus a file. */
export interface CoveredRanges {
  add(start: number, length: number): void;
  /** To be called once, after the last `add`. */
  reader(): RangeReader;
}

export interface RangeReader {
  /**
   * The stretches in `[start, end)`, merged and in order, as `[from, to, ...]` relative to `start`. To be called for
   * ascending stretches of the corpus that no range reaches across.
   */
  within(start: number, end: number): number[];
}

export const createCoveredRanges = (folder: string): CoveredRanges => {
  const files = new Map<number, FileAppender>();
  const record = Buffer.alloc(8); // start in the bucket, length
  const pathOf = (bucket: number) => join(folder, `ranges-${bucket}`);
  return {
    add(start, length) {
      const bucket = Math.floor(start / bucketBytes);
      let file = files.get(bucket);
      if (!file) {
        file = appendToFile(pathOf(bucket), 1 << 13);
        files.set(bucket, file);
      }
      record.writeUInt32LE(start - bucket * bucketBytes, 0);
      record.writeUInt32LE(length, 4);
      file.append(record);
    },
    reader() {
      for (const file of files.values()) file.close();
      files.clear();
      let bucket = -1;
      let ranges = new Float64Array(0); // start * 2^24 + length, sorted: less than 2^53 as both are below 2^24
      let next = 0;
      const load = (number: number) => {
        bucket = number;
        next = 0;
        ranges = readRanges(pathOf(number));
      };
      return {
        within(start, end) {
          const merged: number[] = [];
          for (;;) {
            if (bucket < Math.floor(start / bucketBytes)) load(Math.floor(start / bucketBytes));
            for (; next < ranges.length; next++) {
              const packed = ranges[next] as number;
              const from = bucket * bucketBytes + Math.floor(packed / bucketBytes);
              if (from >= end) return merged;
              const to = from + (packed % bucketBytes);
              const last = merged.length - 1;
              if (last > 0 && from - start <= (merged[last] as number)) {
                merged[last] = Math.max(merged[last] as number, to - start);
              } else merged.push(from - start, to - start);
            }
            if ((bucket + 1) * bucketBytes >= end) return merged;
            load(bucket + 1);
          }
        },
      };
    },
  };
};

const readRanges = (path: string): Float64Array<ArrayBuffer> => {
  if (!existsSync(path)) return new Float64Array(0);
  const bytes = readFileSync(path);
  rmSync(path);
  const ranges = new Float64Array(bytes.length / 8);
  for (let index = 0; index < ranges.length; index++) {
    ranges[index] = bytes.readUInt32LE(index * 8) * bucketBytes + bytes.readUInt32LE(index * 8 + 4);
  }
  return ranges.sort();
};
