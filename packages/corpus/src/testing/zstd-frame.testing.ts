/**
 * A zstd frame with raw blocks of at most `blockBytes`: enough of a compressor for a test. With `checksum`, the lowest
 * four bytes of XXH64 over the data, the frame ends in it.
 */
export const zstdFrame = (
  data: Uint8Array,
  {
    blockBytes = 100_000,
    windowLog = 22,
    checksum,
  }: { blockBytes?: number; windowLog?: number; checksum?: number } = {},
): Buffer => {
  const descriptor = checksum === undefined ? 0 : 4;
  const parts: Uint8Array[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, descriptor, (windowLog - 10) << 3])];
  for (let start = 0; start === 0 || start < data.length; start += blockBytes) {
    const block = data.subarray(start, start + blockBytes);
    const header = Buffer.alloc(3);
    header.writeUIntLE((block.length << 3) | (start + blockBytes >= data.length ? 1 : 0), 0, 3);
    parts.push(header, block);
  }
  if (checksum !== undefined) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(checksum);
    parts.push(bytes);
  }
  return Buffer.concat(parts);
};

/** A frame that unpacks to 128 KiB of one byte for every four of its own. */
export const zstdBomb = (blocks: number, byte: number): Buffer => {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (22 - 10) << 3]);
  const bytes = Buffer.alloc(4 * blocks);
  for (let block = 0; block < blocks; block++) {
    bytes.writeUIntLE(((128 << 10) << 3) | (1 << 1) | (block + 1 === blocks ? 1 : 0), 4 * block, 3);
    bytes[4 * block + 3] = byte;
  }
  return Buffer.concat([header, bytes]);
};
