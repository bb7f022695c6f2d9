import { createReadStream } from "node:fs";
import { pipeline, type Transform } from "node:stream";
import * as zlib from "node:zlib";
import { Decompress } from "fzstd";
import { CorpusInputError } from "./bad-input.ts";

const chunkBytes = 1 << 18;

/** Node has zstd from 22.15 on. */
const createZstdDecompress = (zlib as { createZstdDecompress?: (options: { chunkSize: number }) => Transform })
  .createZstdDecompress;

/**
 * The bytes of a file in chunks, decompressed where its name ends in `.gz` or `.zst`. Data that is damaged or ends
 * early throws a CorpusInputError which names the byte of the compressed file.
 */
export function readBytes(path: string): AsyncIterable<Buffer> {
  if (path.endsWith(".gz")) return inflated(path, zlib.createGunzip({ chunkSize: chunkBytes }));
  if (path.endsWith(".zst")) {
    return createZstdDecompress ? inflated(path, createZstdDecompress({ chunkSize: chunkBytes })) : zstdInScript(path);
  }
  return createReadStream(path, { highWaterMark: chunkBytes });
}

/** The name without the ending of its compression. */
export function uncompressedName(path: string): string {
  return path.replace(/\.(?:gz|zst)$/, "");
}

async function* inflated(path: string, decompressor: Transform): AsyncGenerator<Buffer> {
  let read = 0;
  const file = createReadStream(path, { highWaterMark: chunkBytes });
  file.on("data", (chunk) => {
    read += chunk.length;
  });
  pipeline(file, decompressor, () => {}); // errors arrive at the iteration below
  try {
    yield* decompressor as AsyncIterable<Buffer>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error; // the disk's, not the data's
    throw damaged(path, read, error);
  }
  if (read === 0) throw damaged(path, 0, new Error("unexpected end of file"));
}

async function* zstdInScript(path: string): AsyncGenerator<Buffer> {
  let read = 0;
  let inflated: Buffer[] = [];
  const decompressor = new Decompress((chunk) => {
    // The decompressor goes on to use the memory behind a chunk as its window.
    if (chunk.length > 0) inflated.push(Buffer.from(chunk));
  });
  const push = (chunk: Uint8Array, final: boolean) => {
    try {
      decompressor.push(chunk, final);
    } catch (error) {
      throw damaged(path, read, error);
    }
    const ready = inflated;
    inflated = [];
    return ready;
  };
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes / 2 })) {
    read += chunk.length;
    yield* push(chunk, false);
  }
  if (read === 0) throw damaged(path, 0, new Error("unexpected end of file"));
  yield* push(new Uint8Array(0), true);
}

function damaged(path: string, byte: number, cause: unknown): CorpusInputError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const kind = path.endsWith(".gz") ? "gzip" : "zstd";
  return new CorpusInputError(`the ${kind} data is damaged or ends early (${reason}); fetch the file again`, {
    file: path,
    place: `at or before byte ${byte}`,
    cause,
  });
}
