import * as zlib from "node:zlib";
import { ZSTDDecoder } from "zstddec/stream";

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
  const decoder = new ZSTDDecoder();
  await decoder.init();
  return (input, length) => {
    if (length === 0) return new Uint8Array(0); // it would look for the length itself, and make room for it
    const output = decoder.decode(input, length);
    if (output.length < length) throw new Error(`damaged data, or not the ${length} bytes of the page`);
    return output;
  };
};
