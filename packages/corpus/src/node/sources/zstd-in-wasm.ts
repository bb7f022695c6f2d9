import { ZSTDDecoder } from "zstddec/stream";

/** The largest window for which its memory, which WebAssembly does not give back, is worth it: what `zstd -19` needs is 2^23. */
export const wasmWindowLog = 25;

/** Unpacks the pieces of one frame. */
export interface FrameUnpacker {
  /** What can be unpacked now; `last` gives all that is left. Throws if the data is damaged. */
  push(piece: Uint8Array, last: boolean): Generator<Buffer>;
  /** Gives back memory. To be called at the end, also of a frame that is left in the middle. */
  close(): void;
}

/** Calls of the decoder without data after which it is taken to be stuck: it does not stop at an error by itself. */
const stuckCalls = 8;

/** Makes unpackers of the zstd library itself, compiled to WebAssembly: about four times as fast as one in script. */
export const zstdInWasm = async (): Promise<() => FrameUnpacker> => {
  const decoder = new ZSTDDecoder();
  await decoder.init();
  return () => {
    const waiting: Uint8Array[] = [];
    let isLast = false;
    const pieces: Iterable<Uint8Array> = {
      *[Symbol.iterator]() {
        for (let piece = waiting.shift(); piece; piece = waiting.shift()) yield piece;
      },
    };
    const unpacking = decoder.decodeStreaming(pieces);
    let isDone = false;
    return {
      *push(piece, last) {
        isLast = last;
        if (piece.length > 0) waiting.push(piece);
        let empty = 0;
        // It takes the next piece when it is through with the one before, so it may only go on while there is one.
        while (!isDone && (waiting.length > 0 || isLast)) {
          const before = waiting.length;
          const { done, value } = unpacking.next();
          isDone = done === true;
          if (isDone || !value) return;
          if (value.length > 0) yield Buffer.from(value.buffer, value.byteOffset, value.byteLength);
          empty = value.length > 0 || waiting.length < before ? 0 : empty + 1;
          if (empty > stuckCalls) throw new Error("invalid data, or not of the size that its header announces");
        }
      },
      close() {
        // Only at its own end does it free what it has taken.
        waiting.length = 0;
        for (let call = 0; !isDone && call <= stuckCalls; call++) {
          try {
            isDone = unpacking.next().done === true;
          } catch {
            isDone = true; // the frame is not complete: that is why it is closed
          }
        }
      },
    };
  };
};
