import { closeSync, openSync, readSync } from "node:fs";
import { appendToFile } from "../append-file.ts";

/** A run of neighbouring windows with one anchor. */
export interface WindowRun {
  /** Of the first window, in the corpus. */
  readonly start: number;
  /** Windows. */
  readonly count: number;
  /** Of the anchor. */
  readonly hash: number;
  /** Where the anchor begins in `bytes`. */
  readonly place: number;
  /** What the windows cover. */
  readonly bytes: Buffer;
}

const headerBytes = 20; // the start, a double, then three numbers of 32 bits
const bufferBytes = 1 << 20;

export interface RunsWriter {
  add(run: WindowRun): void;
  close(): void;
}

/** Writes runs to a file, through a buffer of so many bytes. */
export const writeRuns = (path: string, buffer: number): RunsWriter => {
  const file = appendToFile(path, buffer);
  const header = Buffer.alloc(headerBytes);
  return {
    add({ start, count, hash, place, bytes }) {
      header.writeDoubleLE(start, 0);
      header.writeUInt32LE(count, 8);
      header.writeUInt32LE(hash, 12);
      header.writeUInt32LE(place, 16);
      file.append(header);
      file.append(bytes);
    },
    close: () => file.close(),
  };
};

/** Calls `visit` with the runs of a file, each borrowed until it returns. */
export const readRuns = (path: string, windowBytes: number, visit: (run: WindowRun) => void): void => {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(bufferBytes);
    let end = 0;
    for (;;) {
      const bytesRead = readSync(file, buffer, end, buffer.length - end, null);
      if (bytesRead === 0) return;
      end += bytesRead;
      let at = 0;
      while (at + headerBytes <= end) {
        const count = buffer.readUInt32LE(at + 8);
        const next = at + headerBytes + count - 1 + windowBytes;
        if (next > end) break;
        visit({
          start: buffer.readDoubleLE(at),
          count,
          hash: buffer.readUInt32LE(at + 12),
          place: buffer.readUInt32LE(at + 16),
          bytes: buffer.subarray(at + headerBytes, next),
        });
        at = next;
      }
      buffer.copy(buffer, 0, at, end);
      end -= at;
    }
  } finally {
    closeSync(file);
  }
};
