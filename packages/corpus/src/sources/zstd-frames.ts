/** A piece of a zstd frame; `last` where the frame is complete with it. */
export interface FramePiece {
  bytes: Buffer;
  last: boolean;
}

/** A frame that is whole, but beyond what its decoder can do. */
export class UnsupportedFrame extends Error {}

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50; // the last four bits are free

/**
 * Finds where the frames of a zstd file end, from the sizes in their headers (RFC 8878, section 3.1), without
 * decompressing. Decoders differ in what they make of several frames in a row and of one that ends early; so each gets
 * whole frames, and a file that ends inside one throws here, as does one that is no zstd at all. A frame throws an
 * UnsupportedFrame where its window is above `2^maxWindowLog` bytes or it was made with a dictionary.
 */
export async function* zstdFrames(
  chunks: AsyncIterable<Buffer>,
  { maxWindowLog }: { maxWindowLog: number },
): AsyncGenerator<FramePiece> {
  let pending: Buffer = Buffer.alloc(0); // the beginning of a header that a chunk cuts
  let state: "frame" | "block" = "frame";
  let skip = 0; // bytes up to the next header
  let checksum = 0;
  let ends = false; // the frame is complete after `skip` bytes
  let offset = 0;
  for await (const chunk of chunks) {
    const bytes = pending.length > 0 ? Buffer.concat([pending, chunk]) : chunk;
    pending = Buffer.alloc(0);
    let from = 0; // of what has not been handed on
    let at = 0;
    while (at < bytes.length || (skip === 0 && ends)) {
      const step = Math.min(skip, bytes.length - at);
      at += step;
      skip -= step;
      if (skip > 0) break;
      if (ends) {
        yield { bytes: bytes.subarray(from, at), last: true };
        from = at;
        ends = false;
        state = "frame";
        continue;
      }
      const header =
        state === "frame" ? frameHeader(bytes, at, offset, maxWindowLog) : blockHeader(bytes, at, checksum);
      if (header === undefined) {
        pending = bytes.subarray(at);
        break;
      }
      skip = header.bytes;
      ends = header.ends;
      checksum = header.checksum;
      state = "block";
    }
    const end = bytes.length - pending.length;
    if (end > from) yield { bytes: bytes.subarray(from, end), last: false };
    offset += end;
  }
  if (pending.length > 0 || skip > 0 || ends || state === "block") throw new Error("unexpected end of file");
}

interface Header {
  /** Bytes from the beginning of this header to the next one, or to the end of the frame. */
  bytes: number;
  ends: boolean;
  /** Bytes of the frame's checksum. */
  checksum: number;
}

/** The header of a frame at `at`, or undefined where it is not complete. */
function frameHeader(bytes: Buffer, at: number, offset: number, maxWindowLog: number): Header | undefined {
  if (at + 5 > bytes.length) return undefined;
  const magic = bytes.readUInt32LE(at);
  if ((magic & 0xfffffff0) >>> 0 === skippableMagic) {
    return at + 8 > bytes.length ? undefined : { bytes: 8 + bytes.readUInt32LE(at + 4), ends: true, checksum: 0 };
  }
  if (magic !== frameMagic) throw new Error(`no zstd frame at byte ${offset + at}`);
  const descriptor = bytes[at + 4] as number;
  const isSingleSegment = (descriptor >> 5) & 1;
  const contentSize = [isSingleSegment, 2, 4, 8][descriptor >> 6] as number;
  const dictionary = [0, 1, 2, 4][descriptor & 3] as number;
  const window = 1 - isSingleSegment;
  const size = 5 + window + dictionary + contentSize;
  if (at + size > bytes.length) return undefined;
  const windowLog = window * (10 + ((bytes[at + 5] as number) >> 3));
  if (windowLog > maxWindowLog) {
    throw new UnsupportedFrame(`has a window of 2^${windowLog} bytes, more than 2^${maxWindowLog}`);
  }
  if (dictionary > 0 && bytes.readUIntLE(at + 5 + window, dictionary) > 0) {
    throw new UnsupportedFrame("needs the dictionary that it was compressed with");
  }
  return { bytes: size, ends: false, checksum: descriptor & 4 };
}

function blockHeader(bytes: Buffer, at: number, checksum: number): Header | undefined {
  if (at + 3 > bytes.length) return undefined;
  const header = bytes.readUIntLE(at, 3);
  const isRepeatedByte = ((header >> 1) & 3) === 1;
  const ends = (header & 1) === 1;
  return { bytes: 3 + (isRepeatedByte ? 1 : header >> 3) + (ends ? checksum : 0), ends, checksum };
}
