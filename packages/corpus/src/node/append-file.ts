import { closeSync, openSync, writeSync } from "node:fs";
import { toFault } from "@cramkit/errors";

export interface FileAppender {
  append(bytes: Uint8Array): void;
  close(): void;
}

/**
 * Appends to a new file through a buffer. The file is open only while the buffer is written, so there may be
 * thousands of them. Without data there is no file. Errors name `place`: the file that a temporary one will be.
 */
export const appendToFile = (path: string, bufferBytes: number, place: string = path): FileAppender => {
  let buffer: Buffer | undefined;
  let used = 0;
  let flag = "w";
  const write = (bytes: Uint8Array, length: number) => {
    let file: number | undefined;
    try {
      file = openSync(path, flag);
      flag = "a";
      for (let written = 0; written < length; ) written += writeSync(file, bytes, written, length - written);
    } catch (cause) {
      throw toFault(cause, { place });
    } finally {
      if (file !== undefined) closeSync(file);
    }
  };
  const flush = () => {
    if (buffer) write(buffer, used);
    used = 0;
  };
  return {
    append(bytes) {
      if (used + bytes.length > bufferBytes) flush();
      if (bytes.length > bufferBytes) write(bytes, bytes.length);
      else {
        buffer ??= Buffer.alloc(bufferBytes);
        buffer.set(bytes, used);
        used += bytes.length;
      }
    },
    close() {
      flush();
      buffer = undefined;
    },
  };
};
