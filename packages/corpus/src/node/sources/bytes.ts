import { createReadStream } from "node:fs";
import { pipeline, Readable, type Transform } from "node:stream";
import * as zlib from "node:zlib";
import { isFault, toFault } from "@cramkit/errors";
import { CorpusInputError } from "./bad-input.ts";
import { type FramePiece, UnsupportedFrame, zstdFrames } from "./zstd-frames.ts";
import { zstdInScript } from "./zstd-in-script.ts";

const chunkBytes = 1 << 18;

/** Node has zstd from 22.15 on. */
const createZstdDecompress = (zlib as { createZstdDecompress?: (options: ZstdOptions) => Transform })
  .createZstdDecompress;

interface ZstdOptions {
  chunkSize: number;
  params: Record<number, number>;
}

/**
 * The bytes of a file in chunks, decompressed if its name ends in `.gz` or `.zst`. Data that is damaged or ends
 * early throws a CorpusInputError which names the byte of the compressed file, as does a wrong checksum.
 */
export const readBytes = (path: string): AsyncIterable<Buffer> => {
  if (path.endsWith(".gz")) return decompressed(path, inflated);
  if (path.endsWith(".zst")) return decompressed(path, createZstdDecompress ? zstdByNode : zstdInScript);
  return chunksOf(path);
};

/** The bytes of a file as they are. An error of the disk names the file: reading a part of one does not on its own. */
async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path, { highWaterMark: chunkBytes });
  } catch (error) {
    throw toFault(error, { place: path });
  }
}

/** The name without the ending of its compression. */
export const uncompressedName = (path: string): string => path.replace(/\.(?:gz|zst)$/, "");

async function* decompressed(
  path: string,
  decompress: (chunks: AsyncIterable<Buffer>) => AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  let read = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of chunksOf(path)) {
      read += chunk.length;
      yield chunk;
    }
    if (read === 0) throw new Error("unexpected end of file");
  }
  try {
    yield* decompress(counted());
  } catch (error) {
    if (isFault(error)) throw error; // the disk's, not the data's
    const reason = error instanceof Error ? error.message : String(error);
    const kind = path.endsWith(".gz") ? "gzip" : "zstd";
    throw new CorpusInputError(
      error instanceof UnsupportedFrame
        ? `the zstd data ${reason}`
        : `the ${kind} data is damaged or ends early (${reason})`,
      {
        file: path,
        at: `at or before byte ${read}`,
        ...(error instanceof UnsupportedFrame
          ? { code: "unsupported", remedy: "decompress the file with the zstd program" }
          : { remedy: "fetch the file again" }),
        cause: error,
      },
    );
  }
}

const inflated = (chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> =>
  through(chunks, zlib.createGunzip({ chunkSize: chunkBytes }));

/** Errors of either stream arrive at the iteration. */
const through = (chunks: AsyncIterable<Buffer>, transform: Transform): AsyncIterable<Buffer> => {
  pipeline(Readable.from(chunks), transform, () => {});
  return transform;
};

/** The format's own limit, of `zstd --long=31`; without it Node stops at 27. */
const maxWindowLog = 31;

async function* zstdByNode(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (!createZstdDecompress) return;
  const pieces = zstdFrames(chunks, { maxWindowLog });
  const { ZSTD_d_windowLogMax } = zlib.constants as { ZSTD_d_windowLogMax?: number };
  const params = { [ZSTD_d_windowLogMax as number]: maxWindowLog };
  for (let piece = await pieces.next(); !piece.done; piece = await pieces.next()) {
    yield* through(frame(piece.value, pieces), createZstdDecompress({ chunkSize: chunkBytes, params }));
  }
}

/** The pieces of one frame, from its first one on. */
async function* frame(first: FramePiece, pieces: AsyncGenerator<FramePiece>): AsyncGenerator<Buffer> {
  for (let piece = first; ; ) {
    yield piece.bytes;
    if (piece.last) return;
    const next = await pieces.next();
    if (next.done) return;
    piece = next.value;
  }
}
