/** A piece of a zstd frame. */
export interface FramePiece {
  bytes: Buffer;
  /** The frame is complete with it. */
  last: boolean;
  frame: FrameHeader;
}

/** What the header of a frame says. */
export interface FrameHeader {
  /** Holds no data for a decoder. */
  isSkippable: boolean;
  /** The last four bytes are the checksum of what the frame unpacks to. */
  hasChecksum: boolean;
  /** Bytes that the frame unpacks to, if it says. */
  contentBytes: number | undefined;
  /** A decoder keeps `2^windowLog` bytes of what it has unpacked. */
  windowLog: number;
}

/** A frame that is whole, but beyond what its decoder can do. */
export class UnsupportedFrame extends Error {}

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50; // the last four bits are free

/**
 * Finds where the frames of a zstd file end, from the sizes in their headers (RFC 8878, section 3.1), without
 * decompressing. Decoders differ in what they make of several frames in a row and of one that ends early; so each gets
 * whole frames, and a file that ends inside one throws here, as does one that is not zstd at all. A frame throws an
 * UnsupportedFrame if its window is above `2^maxWindowLog` bytes or it was made with a dictionary. With `byBlock` no
 * piece holds more than one block, which unpacks to 128 KiB at most.
 */
export async function* zstdFrames(
  chunks: AsyncIterable<Buffer>,
  {
    maxWindowLog,
    byBlock = false,
  }: {
    maxWindowLog: number;
    /** @defaultValue `false` */
    byBlock?: boolean;
  },
): AsyncGenerator<FramePiece> {
  let pending: Buffer = Buffer.alloc(0); // the beginning of a header that a chunk cuts
  let frame: FrameHeader | undefined; // undefined between frames
  let skip = 0; // bytes up to the next header
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
      if (frame && ends) {
        yield { bytes: bytes.subarray(from, at), last: true, frame };
        from = at;
        ends = false;
        frame = undefined;
        continue;
      }
      if (frame && byBlock && at > from) {
        yield { bytes: bytes.subarray(from, at), last: false, frame };
        from = at;
      }
      const header: Header | undefined = frame
        ? blockHeader(bytes, at, frame.hasChecksum)
        : frameHeader(bytes, at, offset, maxWindowLog);
      if (header === undefined) {
        pending = bytes.subarray(at);
        break;
      }
      skip = header.bytes;
      ends = header.ends;
      frame ??= header.frame;
    }
    const end = bytes.length - pending.length;
    if (end > from && frame) yield { bytes: bytes.subarray(from, end), last: false, frame };
    offset += end;
  }
  if (pending.length > 0 || skip > 0 || frame) throw new Error("unexpected end of file");
}

interface Header {
  /** Bytes from the beginning of this header to the next one, or to the end of the frame. */
  bytes: number;
  ends: boolean;
  frame?: FrameHeader;
}

/** The header of a frame at `at`, or undefined if it is not complete. */
const frameHeader = (bytes: Buffer, at: number, offset: number, maxWindowLog: number): Header | undefined => {
  if (at + 5 > bytes.length) return undefined;
  const magic = bytes.readUInt32LE(at);
  if ((magic & 0xfffffff0) >>> 0 === skippableMagic) {
    if (at + 8 > bytes.length) return undefined;
    const frame = { isSkippable: true, hasChecksum: false, contentBytes: 0, windowLog: 0 };
    return { bytes: 8 + bytes.readUInt32LE(at + 4), ends: true, frame };
  }
  if (magic !== frameMagic) throw new Error(`no zstd frame at byte ${offset + at}`);
  const descriptor = bytes[at + 4] as number;
  if (descriptor & 8) throw new Error(`a zstd frame of a later version at byte ${offset + at}`);
  const isSingleSegment = (descriptor >> 5) & 1;
  const contentSize = [isSingleSegment, 2, 4, 8][descriptor >> 6] as number;
  const dictionary = [0, 1, 2, 4][descriptor & 3] as number;
  const window = 1 - isSingleSegment;
  const size = 5 + window + dictionary + contentSize;
  if (at + size > bytes.length) return undefined;
  const contentBytes = contentSize === 0 ? undefined : readSize(bytes, at + size - contentSize, contentSize);
  // A single segment has to stay in reach of the decoder as a whole.
  const windowLog = window ? 10 + ((bytes[at + 5] as number) >> 3) : Math.ceil(Math.log2(contentBytes ?? 0));
  if (windowLog > maxWindowLog) {
    throw new UnsupportedFrame(`has a window of 2^${windowLog} bytes, more than 2^${maxWindowLog}`);
  }
  if (dictionary > 0 && bytes.readUIntLE(at + 5 + window, dictionary) > 0) {
    throw new UnsupportedFrame("needs the dictionary that it was compressed with");
  }
  const frame = { isSkippable: false, hasChecksum: (descriptor & 4) !== 0, contentBytes, windowLog };
  return { bytes: size, ends: false, frame };
};

const readSize = (bytes: Buffer, at: number, size: number): number => {
  if (size === 8) return Number(bytes.readBigUInt64LE(at));
  return bytes.readUIntLE(at, size) + (size === 2 ? 256 : 0);
};

const blockHeader = (bytes: Buffer, at: number, hasChecksum: boolean): Header | undefined => {
  if (at + 3 > bytes.length) return undefined;
  const header = bytes.readUIntLE(at, 3);
  const isRepeatedByte = ((header >> 1) & 3) === 1;
  const ends = (header & 1) === 1;
  return { bytes: 3 + (isRepeatedByte ? 1 : header >> 3) + (ends && hasChecksum ? 4 : 0), ends };
};
