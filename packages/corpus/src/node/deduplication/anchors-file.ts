import { closeSync, openSync, readSync } from "node:fs";
import { fault } from "@cramkit/errors";
import { appendToFile } from "../append-file.ts";
import type { Anchors } from "./anchors.ts";

/** Writes the anchors of documents to a file, so that they are looked for once. */
export interface AnchorsWriter {
  /** Anchors of the document at hand, in the order of its windows. */
  add(anchors: Anchors): void;
  endDocument(): void;
  close(): void;
}

export interface AnchorsReader {
  /** Calls `visit` with the anchors of the next document, some of them at a time; borrowed until it returns. */
  nextDocument(visit: (anchors: Anchors) => void): void;
  close(): void;
}

// A record: the number of anchors, or the mark of a document's end; the first window; then two numbers of 32 bits an anchor:
// its hash, and in 16 bits each the windows that have it and its distance from the first of them. Both are less than 65,536.
const endOfDocument = 0xffff_ffff;
const bufferBytes = 1 << 20;

export const writeAnchors = (path: string): AnchorsWriter => {
  const file = appendToFile(path, bufferBytes);
  let record = new Uint32Array(1 << 12);
  const append = (elements: number) => file.append(new Uint8Array(record.buffer, 0, 4 * elements));
  return {
    add({ count, hashes, firsts, lasts, places }) {
      if (2 + 2 * count > record.length) record = new Uint32Array(2 * (2 + 2 * count));
      record[0] = count;
      record[1] = firsts[0]!;
      for (let n = 0; n < count; n++) {
        record[2 + 2 * n] = hashes[n]!;
        record[3 + 2 * n] = ((lasts[n]! - firsts[n]! + 1) << 16) | (places[n]! - firsts[n]!);
      }
      append(2 + 2 * count);
    },
    endDocument() {
      record[0] = endOfDocument;
      append(1);
    },
    close: () => file.close(),
  };
};

export const readAnchors = (path: string): AnchorsReader => {
  const file = openSync(path, "r");
  let buffer = new Uint32Array(bufferBytes / 4);
  let [at, end] = [0, 0];
  /** Makes `elements` available from `at` on. */
  const fill = (elements: number) => {
    if (end - at >= elements) return;
    const next = elements > buffer.length ? new Uint32Array(2 * elements) : buffer;
    next.set(buffer.subarray(at, end));
    end -= at;
    at = 0;
    buffer = next;
    const bytes = new Uint8Array(buffer.buffer);
    let filled = 4 * end;
    while (filled < 4 * elements || filled % 4 !== 0) {
      const bytesRead = readSync(file, bytes, filled, bytes.length - filled, null);
      if (bytesRead === 0)
        throw fault({
          code: "damaged-file",
          place: path,
          problem: "the file ends inside a document",
          remedy: "make it again",
        });
      filled += bytesRead;
    }
    end = filled >> 2;
  };
  const anchors: { -readonly [Name in keyof Anchors]: Anchors[Name] } = {
    count: 0,
    hashes: new Uint32Array(0),
    firsts: new Uint32Array(0),
    lasts: new Uint32Array(0),
    places: new Uint32Array(0),
  };
  const makeRoom = (count: number) => {
    if (count <= anchors.hashes.length) return;
    for (const name of ["hashes", "firsts", "lasts", "places"] as const) anchors[name] = new Uint32Array(2 * count);
  };
  return {
    nextDocument(visit) {
      for (;;) {
        fill(1);
        const count = buffer[at++]!;
        if (count === endOfDocument) return;
        fill(1 + 2 * count);
        makeRoom(count);
        const { hashes, firsts, lasts, places } = anchors;
        let first = buffer[at++]!;
        for (let n = 0; n < count; n++, at += 2) {
          const packed = buffer[at + 1]!;
          hashes[n] = buffer[at]!;
          firsts[n] = first;
          places[n] = first + (packed & 0xffff);
          first += packed >>> 16;
          lasts[n] = first - 1;
        }
        anchors.count = count;
        visit(anchors);
      }
    },
    close: () => closeSync(file),
  };
};
