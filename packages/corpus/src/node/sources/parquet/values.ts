import { readDeltas } from "./deltas.ts";
import { type Cursor, readHybrid } from "./levels.ts";

/** The values of a page or of a dictionary, by their place among those that are not null. */
export type Values =
  | { kind: "bytes"; at(index: number): Uint8Array }
  | { kind: "numbers"; at(index: number): number | bigint };

export type ValueType = "BYTE_ARRAY" | "INT32" | "INT64";

export const isValueType = (type: string | undefined): type is ValueType =>
  type === "BYTE_ARRAY" || type === "INT32" || type === "INT64";

/** Reads `count` values from the cursor on. They borrow its bytes. */
export const readValues = (
  cursor: Cursor,
  count: number,
  encoding: string,
  type: ValueType,
  dictionary: Values | undefined,
): Values => {
  if (encoding === "PLAIN")
    return type === "BYTE_ARRAY" ? plainBytes(cursor, count) : plainNumbers(cursor, count, type);
  if (encoding === "RLE_DICTIONARY" || encoding === "PLAIN_DICTIONARY") {
    if (dictionary === undefined) throw new Error("a page without its dictionary");
    if (count === 0) return dictionary;
    const width = cursor.bytes[cursor.at++] ?? 0;
    const places = width === 0 ? new Uint32Array(count) : readHybrid(cursor, width, count);
    const at = (index: number) => dictionary.at(places[index] as number) as never;
    return { kind: dictionary.kind, at };
  }
  if (encoding === "DELTA_BINARY_PACKED" && type !== "BYTE_ARRAY") {
    const numbers = count > 0 ? readDeltas(cursor, count) : new BigInt64Array(0);
    const at = (index: number) => checked(numbers[index]);
    return { kind: "numbers", at: type === "INT32" ? (index) => Number(BigInt.asIntN(32, at(index))) : at };
  }
  if (encoding === "DELTA_LENGTH_BYTE_ARRAY" && type === "BYTE_ARRAY") {
    const lengths = deltas(cursor, count);
    return sliced(cursor, lengths);
  }
  if (encoding === "DELTA_BYTE_ARRAY" && type === "BYTE_ARRAY") return frontCoded(cursor, count);
  throw new Error(`values of the type ${type} in the encoding ${encoding}`);
};

const plainBytes = (cursor: Cursor, count: number): Values => {
  const { bytes } = cursor;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ends = new Uint32Array(count);
  let at = cursor.at;
  for (let index = 0; index < count; index++) {
    if (at + 4 > bytes.length) throw new Error("texts that end early");
    at += 4 + view.getUint32(at, true);
    if (at > bytes.length) throw new Error("a text that ends early");
    ends[index] = at;
  }
  const start = cursor.at;
  cursor.at = at;
  return {
    kind: "bytes",
    at: (index) => bytes.subarray((index === 0 ? start : checked(ends[index - 1])) + 4, checked(ends[index])),
  };
};

const plainNumbers = (cursor: Cursor, count: number, type: "INT32" | "INT64"): Values => {
  const { bytes } = cursor;
  const size = type === "INT32" ? 4 : 8;
  const start = cursor.at;
  if (start + count * size > bytes.length) throw new Error("numbers that end early");
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, count * size);
  cursor.at += count * size;
  return {
    kind: "numbers",
    at: (index) => (size === 4 ? view.getInt32(4 * index, true) : view.getBigInt64(8 * index, true)),
  };
};

/** Lengths of texts. */
const deltas = (cursor: Cursor, count: number): Int32Array =>
  count > 0 ? Int32Array.from(readDeltas(cursor, count), Number) : new Int32Array(0);

/** Texts one after the other, of these lengths. */
const sliced = (cursor: Cursor, lengths: Int32Array): Values => {
  const { bytes } = cursor;
  const ends = new Uint32Array(lengths.length);
  let at = cursor.at;
  for (const [index, length] of lengths.entries()) {
    if (length < 0 || at + length > bytes.length) throw new Error("a text that ends early");
    at += length;
    ends[index] = at;
  }
  const start = cursor.at;
  cursor.at = at;
  return {
    kind: "bytes",
    at: (index) => bytes.subarray(index === 0 ? start : checked(ends[index - 1]), checked(ends[index])),
  };
};

/** Texts that share their beginning with the one before, as far as their prefix lengths say. */
const frontCoded = (cursor: Cursor, count: number): Values => {
  const prefixes = deltas(cursor, count);
  const suffixes = sliced(cursor, deltas(cursor, count)) as { at(index: number): Uint8Array };
  let last: Uint8Array = new Uint8Array(0);
  let next = 0;
  return {
    kind: "bytes",
    at(index) {
      if (index < next - 1) throw new Error("a text behind the cursor");
      for (; next <= index; next++) {
        const prefix = prefixes[next] as number;
        if (prefix < 0 || prefix > last.length) throw new Error("a text that begins like none");
        last = Buffer.concat([last.subarray(0, prefix), suffixes.at(next)]);
      }
      return last;
    },
  };
};

const checked = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error("a value that its dictionary does not have");
  return value;
};
