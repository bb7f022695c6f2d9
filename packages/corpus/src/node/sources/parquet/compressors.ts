import * as zlib from "node:zlib";
import { Decompress } from "fzstd";
import { zstdLibrary } from "../zstd-library.ts";

/** Unpacks one page, which has to give `length` bytes: it may not take more memory than that. */
export type Decompressor = (input: Uint8Array, length: number) => Uint8Array;

interface Limit {
  maxOutputLength: number;
}

/** Node has zstd from 22.15 on. */
const zstdDecompressSync = (zlib as { zstdDecompressSync?: (input: Uint8Array, limit: Limit) => Uint8Array })
  .zstdDecompressSync;

/**
 * The decompressor of a codec: Node's own if it has one, which is several times as fast as that in script. The others
 * are loaded when they are asked for, since one of them starts WebAssembly as it is imported.
 */
export const decompressorOf = async (codec: string): Promise<Decompressor> => {
  switch (codec) {
    case "UNCOMPRESSED":
      return (input) => input;
    case "GZIP":
      return (input, length) => zlib.gunzipSync(input, limit(length));
    case "BROTLI":
      return (input, length) => zlib.brotliDecompressSync(input, limit(length));
    case "ZSTD":
      return zstdDecompressSync ? (input, length) => zstdDecompressSync(input, limit(length)) : zstdInWasm();
  }
  const { compressors, decompressLz4, decompressLz4Raw } = await import("hyparquet-compressors");
  if (codec === "LZ4") {
    // "LZ4" stands for blocks in the frames of Hadoop or for bare ones. The beginning of a bare block can look like
    // such a frame, which then turns out not to be one.
    return (input, length) => {
      try {
        return decompressLz4(input, length);
      } catch {
        return decompressLz4Raw(input, length);
      }
    };
  }
  const portable = compressors[codec as keyof typeof compressors] as Decompressor | undefined;
  if (portable === undefined) throw new Error(`the unknown compression ${codec}`);
  return portable;
};

/** Node wants a limit of at least one byte. */
const limit = (length: number): Limit => ({ maxOutputLength: Math.max(1, length) });

const zstdInWasm = async (): Promise<Decompressor> => {
  const library = await zstdLibrary();
  if (!library) return zstdInScript;
  return (input, length) => {
    const packed = library.malloc(input.length);
    let unpacked = 0;
    try {
      unpacked = library.malloc(length);
      library.bytes().set(input, packed);
      const bytes = library.checked(library.ZSTD_decompress(unpacked, length, packed, input.length));
      requireWhole(bytes, length);
      return library.bytes().slice(unpacked, unpacked + length);
    } finally {
      library.free(packed);
      library.free(unpacked);
    }
  };
};

const zstdInScript: Decompressor = (input, length) => {
  const output = new Uint8Array(length);
  let bytes = 0;
  const decompressor = new Decompress((chunk) => {
    output.set(chunk, bytes); // throws beyond the page
    bytes += chunk.length;
  });
  decompressor.push(input, true);
  requireWhole(bytes, length);
  return output;
};

const requireWhole = (bytes: number, length: number): void => {
  if (bytes < length) throw new Error(`damaged data, or not the ${length} bytes of the page`);
};
