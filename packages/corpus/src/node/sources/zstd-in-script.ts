import { Decompress } from "fzstd";
import xxhash from "xxhash-wasm";
import { type FrameHeader, zstdFrames } from "./zstd-frames.ts";
import { type FrameUnpacker, wasmWindowLog, zstdInWasm } from "./zstd-in-wasm.ts";

/** The decoder keeps the whole window in memory. */
const maxWindowLog = 30;

/**
 * The data of zstd frames, for a Node without zstd. Unpacks one block at a time, so that frames of any size take no more
 * memory than their window, and checks the size and the checksum (XXH64) of each frame. Common frames are unpacked in
 * WebAssembly, those with a large window in script.
 */
export async function* zstdInScript(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { create64 } = await xxhash();
  const inWasm = await zstdInWasm();
  let hash = create64();
  let size = 0;
  let unpacker: FrameUnpacker | undefined;
  let tail: Buffer = Buffer.alloc(0);
  try {
    for await (const { bytes, last, frame } of zstdFrames(chunks, { maxWindowLog, byBlock: true })) {
      if (frame.isSkippable) continue;
      unpacker ??= inWasm && frame.windowLog <= wasmWindowLog ? inWasm() : inScript();
      tail = bytes.length >= 4 ? bytes.subarray(-4) : Buffer.concat([tail, bytes]).subarray(-4);
      let failure: { error: unknown } | undefined;
      const unpacked = unpacker.push(bytes, last);
      for (;;) {
        let step: IteratorResult<Buffer>;
        try {
          step = unpacked.next();
        } catch (error) {
          failure = { error };
          break;
        }
        if (step.done) break;
        if (frame.hasChecksum) hash.update(step.value);
        size += step.value.length;
        yield step.value;
      }
      if (last && frame.hasChecksum && tail.readUInt32LE(0) !== Number(hash.digest() & 0xffff_ffffn))
        throw new Error("a frame that does not have its checksum"); // the decoder does not say what is wrong
      if (failure) throw failure.error;
      if (!last) continue;
      checkSize(frame, size);
      unpacker.close();
      unpacker = undefined;
      hash = create64();
      size = 0;
    }
  } finally {
    unpacker?.close();
  }
}

const inScript = (): FrameUnpacker => {
  let ready: Buffer[] = [];
  const decompressor = new Decompress((chunk) => {
    // The decompressor goes on to use the memory behind a chunk as its window.
    if (chunk.length > 0) ready.push(Buffer.from(chunk));
  });
  return {
    *push(piece, last) {
      decompressor.push(piece, last);
      const chunks = ready;
      ready = [];
      yield* chunks;
    },
    close() {},
  };
};

const checkSize = ({ contentBytes }: FrameHeader, size: number): void => {
  if (contentBytes === undefined || contentBytes === size) return;
  throw new Error(`a frame of ${size} bytes that announces ${contentBytes}`);
};
