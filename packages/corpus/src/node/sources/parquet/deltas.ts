import { type Cursor, readVarint } from "./levels.ts";

/** More values in a block, or more parts of one, come from damage: writers make blocks of 128 values in 4 parts. */
const maxBlockValues = 1 << 20;

/**
 * Reads `count` integers in Parquet's DELTA_BINARY_PACKED: the first value, then blocks with their least difference and
 * the rest of each difference in as many bits as its part of the block needs. Sums wrap around at 64 bits.
 */
export const readDeltas = (cursor: Cursor, count: number): BigInt64Array => {
  const values = new BigInt64Array(count);
  const blockValues = readVarint(cursor);
  const parts = readVarint(cursor);
  const total = readVarint(cursor);
  let value = readZigzag(cursor);
  const isPossible = blockValues > 0 && blockValues <= maxBlockValues && parts > 0 && blockValues % parts === 0;
  if (!isPossible) throw new Error(`blocks of ${blockValues} differences in ${parts} parts`);
  if (total < count) throw new Error(`${total} differences, ${count} are wanted`);
  const partValues = blockValues / parts;
  const { bytes } = cursor;
  let done = 0;
  if (done < count) values[done++] = value;
  while (done < count) {
    const least = readZigzag(cursor);
    const widths = bytes.subarray(cursor.at, cursor.at + parts);
    if (widths.length < parts) throw new Error("differences that end early");
    cursor.at += parts;
    for (let part = 0; part < parts && done < count; part++) {
      const width = widths[part] as number;
      if (width > 64) throw new Error(`differences of ${width} bits`);
      const size = Math.ceil((partValues * width) / 8);
      const wanted = Math.ceil((Math.min(partValues, count - done) * width) / 8);
      if (cursor.at + wanted > bytes.length) throw new Error("differences that end early");
      const packed = unpacker(bytes.subarray(cursor.at, cursor.at + size), width);
      for (let index = 0; index < partValues && done < count; index++) {
        value = BigInt.asIntN(64, value + least + packed());
        values[done++] = value;
      }
      cursor.at = Math.min(bytes.length, cursor.at + size);
    }
  }
  return values;
};

/** The numbers of `width` bits that lie one after the other, from the least bit on. */
const unpacker = (bytes: Uint8Array, width: number): (() => bigint) => {
  let [at, held] = [0, 0];
  if (width === 0) return () => 0n;
  if (width <= 24) {
    let bits = 0;
    return () => {
      for (; held < width; held += 8) bits |= (bytes[at++] ?? 0) << held;
      const value = bits & ((1 << width) - 1);
      bits >>>= width;
      held -= width;
      return BigInt(value);
    };
  }
  let bits = 0n;
  return () => {
    for (; held < width; held += 8) bits |= BigInt(bytes[at++] ?? 0) << BigInt(held);
    const value = BigInt.asUintN(width, bits);
    bits >>= BigInt(width);
    held -= width;
    return value;
  };
};

const readZigzag = (cursor: Cursor): bigint => {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = cursor.bytes[cursor.at++];
    if (byte === undefined) throw new Error("a number that ends early");
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return (value >> 1n) ^ -(value & 1n);
  }
  throw new Error("a number of more than ten bytes");
};
