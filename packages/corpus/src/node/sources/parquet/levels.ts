/** Bytes that are read from the front. */
export interface Cursor {
  bytes: Uint8Array;
  at: number;
}

/** The number of bits that values up to `max` take. */
export const bitWidth = (max: number): number => 32 - Math.clz32(max);

/**
 * Reads `count` numbers of `width` bits in Parquet's hybrid of runs and packed bits, from the cursor on. A run that
 * claims to be longer than what is asked for is cut there.
 */
export const readHybrid = (cursor: Cursor, width: number, count: number): Uint32Array => {
  if (width > 32) throw new Error(`numbers of ${width} bits`);
  const values = new Uint32Array(count);
  const { bytes } = cursor;
  let done = 0;
  while (done < count) {
    const header = readVarint(cursor);
    if (header % 2 === 0) {
      const run = Math.min(header / 2, count - done);
      const size = (width + 7) >> 3;
      if (cursor.at + size > bytes.length) throw new Error("a run of numbers that ends early");
      let value = 0;
      for (let index = 0; index < size; index++) value += (bytes[cursor.at++] as number) * 2 ** (8 * index);
      if (run === 0) throw new Error("an empty run of numbers");
      values.fill(value, done, done + run);
      done += run;
      continue;
    }
    const packed = ((header - 1) / 2) * 8;
    if (packed === 0) throw new Error("an empty run of numbers");
    const start = cursor.at;
    const take = Math.min(packed, count - done);
    if (start + Math.ceil((take * width) / 8) > bytes.length) throw new Error("packed numbers that end early");
    let [bits, held] = [0, 0];
    for (let index = 0; index < take; index++) {
      // Up to 39 bits: beyond what the operators on integers hold.
      while (held < width) {
        bits += (bytes[cursor.at++] as number) * 2 ** held;
        held += 8;
      }
      const next = Math.floor(bits / 2 ** width);
      values[done++] = bits - next * 2 ** width;
      bits = next;
      held -= width;
    }
    cursor.at = Math.min(bytes.length, start + (packed / 8) * width);
  }
  return values;
};

export const readVarint = (cursor: Cursor): number => {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = cursor.bytes[cursor.at++];
    if (byte === undefined) throw new Error("a number that ends early");
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return value;
  }
  throw new Error("a number of more than five bytes");
};
