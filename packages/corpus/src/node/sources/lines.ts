import { isUtf8 } from "node:buffer";

/** Longer records are counted as bad: without a bound, a file without line ends would fill the memory. */
export const maxRecordBytes = 256 << 20;

/** A line without its end, or undefined if it is longer than `maxRecordBytes`. */
export type Line = Buffer | undefined;

/** Splits chunks at line feeds; each array holds the lines that a chunk completes. */
export async function* lineBatches(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line[]> {
  let carried: Buffer[] = [];
  let carriedBytes = 0;
  for await (const chunk of chunks) {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const piece = chunk.subarray(start, end);
      if (carriedBytes === 0) lines.push(trimReturn(piece));
      else {
        const bytes = carriedBytes + piece.length;
        lines.push(bytes > maxRecordBytes ? undefined : trimReturn(Buffer.concat([...carried, piece])));
        carried = [];
        carriedBytes = 0;
      }
      start = end + 1;
    }
    if (start < chunk.length) {
      carriedBytes += chunk.length - start;
      if (carriedBytes <= maxRecordBytes) carried.push(chunk.subarray(start));
      else carried = [];
    }
    if (lines.length > 0) yield lines;
  }
  if (carriedBytes > 0) yield [carriedBytes > maxRecordBytes ? undefined : trimReturn(Buffer.concat(carried))];
}

const trimReturn = (line: Buffer): Buffer => (line[line.length - 1] === 13 ? line.subarray(0, -1) : line);

/** True if there is nothing but spaces, tabs and returns. */
export const isBlank = (line: Buffer): boolean => {
  for (const byte of line) if (byte !== 32 && byte !== 9 && byte !== 13) return false;
  return true;
};

/** The text of UTF-8 bytes, or undefined if they are not valid. */
export const decodeUtf8 = (bytes: Uint8Array): string | undefined => {
  if (!isUtf8(bytes)) return undefined;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
};
