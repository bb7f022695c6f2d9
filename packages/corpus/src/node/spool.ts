import { open, stat } from "node:fs/promises";
import { fault } from "@cramkit/errors";
import type { Document } from "../document.ts";
import { appendToFile } from "./append-file.ts";

/** A document as its UTF-8 bytes, which are only valid until the next one is read. */
export interface SpooledDocument {
  bytes: Buffer;
  source: string | undefined;
  id: string | undefined;
}

const headerBytes = 12; // bytes of text, source and identity; 2^32 - 1 stands for none
const none = 0xffff_ffff;

export interface SpoolWriter {
  add(document: SpooledDocument): void;
  close(): void;
}

/** Writes documents one after the other to a file of its own format, to be read again in the same order. */
export const writeSpool = (path: string, bufferBytes: number = 1 << 20, place: string = path): SpoolWriter => {
  const file = appendToFile(path, bufferBytes, place);
  const header = Buffer.alloc(headerBytes);
  return {
    add({ bytes, source, id }) {
      const sourceBytes = source === undefined ? undefined : Buffer.from(source);
      const idBytes = id === undefined ? undefined : Buffer.from(id);
      header.writeUInt32LE(bytes.length, 0);
      header.writeUInt32LE(sourceBytes?.length ?? none, 4);
      header.writeUInt32LE(idBytes?.length ?? none, 8);
      file.append(header);
      file.append(bytes);
      if (sourceBytes) file.append(sourceBytes);
      if (idBytes) file.append(idBytes);
    },
    close: () => file.close(),
  };
};

/** A part of a spool that begins and ends between documents, in bytes. */
export interface SpoolRange {
  readonly from: number;
  readonly to: number;
}

/** Reads a spool back, or a part of it. */
export async function* readSpool(path: string, range?: SpoolRange): AsyncGenerator<SpooledDocument> {
  const handle = await open(path);
  try {
    let at = range?.from ?? 0;
    let left = (range?.to ?? (await handle.stat()).size) - at; // bytes after those in the buffer
    let buffer = Buffer.alloc(1 << 20);
    let start = 0;
    let end = 0;
    /** Makes `bytes` bytes available from `start` on; false at the end of the file. */
    const fill = async (bytes: number): Promise<boolean> => {
      if (end - start >= bytes) return true;
      if (end - start + left < bytes) return false; // before room is made for a size that is not there
      const next = bytes > buffer.length ? Buffer.alloc(Math.min(bytes * 2, end - start + left)) : buffer;
      buffer.copy(next, 0, start, end);
      end -= start;
      start = 0;
      buffer = next;
      while (end < bytes) {
        const { bytesRead } = await handle.read(buffer, end, Math.min(buffer.length - end, left), at);
        if (bytesRead === 0) return false;
        end += bytesRead;
        left -= bytesRead;
        at += bytesRead;
      }
      return true;
    };
    while (await fill(headerBytes)) {
      const [text, source, id] = [0, 4, 8].map((offset) => buffer.readUInt32LE(start + offset)) as [
        number,
        number,
        number,
      ];
      const sourceBytes = source === none ? 0 : source;
      const idBytes = id === none ? 0 : id;
      if (!(await fill(headerBytes + text + sourceBytes + idBytes))) {
        throw fault({
          code: "damaged-file",
          place: path,
          problem: "the file ends inside a document",
          remedy: "make it again",
        });
      }
      const bytes = buffer.subarray(start + headerBytes, start + headerBytes + text);
      const sourceStart = start + headerBytes + text;
      const idStart = sourceStart + sourceBytes;
      start = idStart + idBytes;
      yield {
        bytes,
        source: source === none ? undefined : buffer.toString("utf8", sourceStart, idStart),
        id: id === none ? undefined : buffer.toString("utf8", idStart, start),
      };
    }
  } finally {
    await handle.close();
  }
}

/** Bytes that a document takes in a spool. */
const spooledBytes = ({ bytes, source = "", id = "" }: SpooledDocument): number =>
  headerBytes + bytes.length + Buffer.byteLength(source) + Buffer.byteLength(id);

/** Cuts a spool into at most so many ranges of about as many bytes, each of whole documents. */
export const spoolRanges = async (path: string, ranges: number): Promise<SpoolRange[]> => {
  const { size } = await stat(path);
  const cuts: SpoolRange[] = [];
  let [from, to] = [0, 0];
  for await (const document of readSpool(path)) {
    to += spooledBytes(document);
    if (to < (size * (cuts.length + 1)) / ranges) continue;
    cuts.push({ from, to });
    from = to;
  }
  return cuts;
};

export const documentOf = ({ bytes, source, id }: SpooledDocument, text = bytes.toString("utf8")): Document => ({
  text,
  ...(source === undefined ? {} : { source }),
  ...(id === undefined ? {} : { id }),
});
