import { Decompress } from "fzstd";
import xxhash from "xxhash-wasm";
import { type FrameHeader, zstdFrames } from "./zstd-frames.ts";

/** The decoder keeps the whole window in memory. */
const maxWindowLog = 30;

/**
 * The data of zstd frames, for a Node without zstd. Unpacks one block at a time, so that frames of any size take no more
 * memory than their window, and checks what its decoder does not: the size and the checksum (XXH64) of each frame.
 */
export async function* zstdInScript(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { create64 } = await xxhash();
  let hash = create64();
  let ready: Buffer[] = [];
  let size = 0;
  const start = () =>
    new Decompress((chunk) => {
      if (chunk.length === 0) return;
      // The decompressor goes on to use the memory behind a chunk as its window.
      ready.push(Buffer.from(chunk));
      size += chunk.length;
    });
  let decompressor: Decompress | undefined;
  let tail: Buffer = Buffer.alloc(0);
  for await (const { bytes, last, frame } of zstdFrames(chunks, { maxWindowLog, byBlock: true })) {
    if (frame.isSkippable) continue;
    decompressor ??= start();
    decompressor.push(bytes, last);
    for (const chunk of ready) {
      if (frame.hasChecksum) hash.update(chunk);
      yield chunk;
    }
    ready = [];
    tail = bytes.length >= 4 ? bytes.subarray(-4) : Buffer.concat([tail, bytes]).subarray(-4);
    if (!last) continue;
    checkFrame(frame, size, tail, hash.digest());
    decompressor = undefined;
    hash = create64();
    size = 0;
  }
}

const checkFrame = ({ contentBytes, hasChecksum }: FrameHeader, size: number, tail: Buffer, hash: bigint): void => {
  if (contentBytes !== undefined && contentBytes !== size) {
    throw new Error(`a frame of ${size} bytes that announces ${contentBytes}`);
  }
  if (hasChecksum && tail.readUInt32LE(0) !== Number(hash & 0xffff_ffffn)) {
    throw new Error("a frame that does not have its checksum");
  }
};
