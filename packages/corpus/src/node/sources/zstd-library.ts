import { ZSTDDecoder } from "zstddec/stream";

/** What the zstd library exports. Numbers are sizes, and places in its memory. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(place: number): void;
  ZSTD_createDCtx(): number;
  ZSTD_freeDCtx(context: number): void;
  ZSTD_DStreamOutSize(): number;
  ZSTD_decompressStream(context: number, output: number, input: number): number;
  ZSTD_decompress(output: number, outputBytes: number, input: number, inputBytes: number): number;
}

/** The zstd library, with errors. */
export interface ZstdLibrary extends Omit<Exports, "memory"> {
  /** Its memory as it is now: any call may replace it. */
  bytes(): Uint8Array;
  /** What a call returned, unless it is one of the library's error codes. */
  checked(result: number): number;
}

let loading: Promise<ZstdLibrary | undefined> | undefined;

/**
 * The zstd library, compiled to WebAssembly. Its package has a loop around it that neither stops at an error nor frees what a
 * frame took that is damaged or left in the middle: after some 1,700 of those its memory was full, and what it unpacked had
 * no end. So it is called by itself. Undefined if other code of the process has started the package, which starts once.
 */
export const zstdLibrary = (): Promise<ZstdLibrary | undefined> => (loading ??= load());

const load = async (): Promise<ZstdLibrary | undefined> => {
  let exported: Exports | undefined;
  const decoder = new ZSTDDecoder();
  decoder._init = (result) => {
    exported = result.instance.exports as unknown as Exports;
    ZSTDDecoder.prototype._init(result);
  };
  await decoder.init();
  return exported && withErrors(exported);
};

/** `ZSTD_isError`: the last numbers of 32 bits are error codes. */
const firstError = 2 ** 32 - 120;

const withErrors = ({ memory, malloc, ZSTD_createDCtx, ...others }: Exports): ZstdLibrary => {
  const taken = (place: number): number => {
    if (place === 0) throw new Error("there is no memory left to unpack zstd data");
    return place;
  };
  return {
    ...others,
    malloc: (bytes) => taken(malloc(Math.max(1, bytes))),
    ZSTD_createDCtx: () => taken(ZSTD_createDCtx()),
    bytes: () => new Uint8Array(memory.buffer),
    checked(result) {
      const code = result >>> 0;
      if (code > firstError)
        throw new Error(`invalid data, or not of the size that its header announces (error ${2 ** 32 - code} of zstd)`);
      return code;
    },
  };
};
