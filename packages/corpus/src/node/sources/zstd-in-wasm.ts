import { type ZstdLibrary, zstdLibrary } from "./zstd-library.ts";

/** The largest window for which its memory, which WebAssembly does not give back, is worth it: what `zstd -19` needs is 2^23. */
export const wasmWindowLog = 25;

/** Unpacks the pieces of one frame. */
export interface FrameUnpacker {
  /** What can be unpacked now; `last` is the end of the frame. Throws if the data is damaged. */
  push(piece: Uint8Array, last: boolean): Generator<Buffer>;
  /** Gives back memory. To be called at the end, also of a frame that is left in the middle. */
  close(): void;
}

/**
 * Makes unpackers of the zstd library itself, compiled to WebAssembly: about four times as fast as one in script. Undefined if
 * the library is not ours to use.
 */
export const zstdInWasm = async (): Promise<(() => FrameUnpacker) | undefined> => {
  const library = await zstdLibrary();
  return library && (() => createUnpacker(library));
};

/** Bytes of `ZSTD_inBuffer` and of `ZSTD_outBuffer`: place, size, and how far it has come. */
const bufferBytes = 12;

const createUnpacker = (library: ZstdLibrary): FrameUnpacker => {
  const places: number[] = [];
  const place = (bytes: number): number => places[places.push(library.malloc(bytes)) - 1]!;
  const context = library.ZSTD_createDCtx();
  const roomBytes = library.ZSTD_DStreamOutSize();
  let [input, output, room, piecePlace, pieceBytes] = [0, 0, 0, 0, 0];
  const begin = (): void => {
    [input, output, room] = [place(bufferBytes), place(bufferBytes), place(roomBytes)];
  };
  let isClosed = false;
  return {
    *push(piece, last) {
      if (room === 0) begin();
      if (piece.length > pieceBytes) [piecePlace, pieceBytes] = [place(piece.length), piece.length];
      library.bytes().set(piece, piecePlace);
      let [at, written, left] = [0, 0, 0];
      do {
        write(library, input, [piecePlace, piece.length, at]);
        write(library, output, [room, roomBytes, 0]);
        left = library.checked(library.ZSTD_decompressStream(context, output, input));
        at = positionIn(library, input);
        written = positionIn(library, output);
        if (written > 0) yield Buffer.from(library.bytes().slice(room, room + written));
        if (left === 0 && at < piece.length) throw new Error("a frame that ends before its last block");
      } while (at < piece.length || written === roomBytes);
      if (last && left > 0) throw new Error("invalid data, or not of the size that its header announces");
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      library.ZSTD_freeDCtx(context);
      for (const taken of places) library.free(taken);
    },
  };
};

const viewOf = (library: ZstdLibrary, place: number): DataView =>
  new DataView(library.bytes().buffer, place, bufferBytes);

const write = (library: ZstdLibrary, buffer: number, values: readonly number[]): void => {
  const view = viewOf(library, buffer);
  for (const [index, value] of values.entries()) view.setUint32(4 * index, value, true);
};

const positionIn = (library: ZstdLibrary, buffer: number): number => viewOf(library, buffer).getUint32(8, true);
