import type { AsyncBuffer, ColumnMetaData, SchemaTree } from "hyparquet";
import { getMaxDefinitionLevel, getMaxRepetitionLevel } from "hyparquet/src/schema.js";
import { decompressorOf } from "./compressors.ts";
import { checkCount } from "./footer.ts";
import { bitWidth, type Cursor, readHybrid } from "./levels.ts";
import { type Page, readPages } from "./pages.ts";
import { readValues, type Values, type ValueType } from "./values.ts";

/** Values that a page may hold at most: rows of a page cost memory even if they are nulls or repeats of one text. */
const maxPageValues = 1 << 22;

/** One value of a row: its bytes or number, null, or for a list the numbers in it. */
export type Cell = Uint8Array | number | bigint | null | (number | bigint)[];

/**
 * The cells of one column in one row group, a page in memory at a time. `path` leads from the root of the schema to a
 * column of texts or integers, or to the integers of a list.
 */
export async function* readColumn(file: AsyncBuffer, column: ColumnMetaData, path: SchemaTree[]): AsyncGenerator<Cell> {
  const maxDefinition = getMaxDefinitionLevel(path);
  const maxRepetition = getMaxRepetitionLevel(path);
  const type = column.type as ValueType;
  const decompress = await decompressorOf(column.codec);
  let dictionary: Values | undefined;
  let list: (number | bigint)[] | null | undefined;
  let left = checkCount(column.num_values, "values in a column");
  for await (const page of readPages(file, column)) {
    if (left === 0) return;
    if (page.header.type === "DICTIONARY_PAGE") {
      const count = pageCount(page.header.dictionary_page_header?.num_values);
      const bytes = unpacked(decompress, page.bytes, page.header.uncompressed_page_size);
      dictionary = readValues({ bytes, at: 0 }, count, "PLAIN", type, undefined);
      continue;
    }
    if (page.header.type !== "DATA_PAGE" && page.header.type !== "DATA_PAGE_V2") continue;
    const { count, repetitions, definitions, encoding, cursor } = openPage(
      page,
      decompress,
      maxDefinition,
      maxRepetition,
    );
    if (count > left) throw new Error(`a page of ${count} values, ${left} are left`);
    left -= count;
    let present = count;
    if (definitions) {
      present = 0;
      for (const level of definitions) if (level === maxDefinition) present++;
    }
    const values = readValues(cursor, present, encoding, type, dictionary);
    let next = 0;
    for (let index = 0; index < count; index++) {
      const isPresent = definitions === undefined || definitions[index] === maxDefinition;
      const value = isPresent ? values.at(next++) : null;
      if (maxRepetition === 0) {
        yield value;
        continue;
      }
      if (repetitions?.[index] === 0) {
        if (list !== undefined) yield list;
        list = [];
      }
      if (list === undefined || list === null) throw new Error("a list that begins in its middle");
      if (typeof value === "number" || typeof value === "bigint") list.push(value);
    }
  }
  if (list !== undefined) yield list;
  if (left > 0) throw new Error(`${left} values less than the column has`);
}

type Decompress = (input: Uint8Array, length: number) => Uint8Array;

const unpacked = (decompress: Decompress, bytes: Uint8Array, length: number): Uint8Array => {
  const unpackedBytes = decompress(bytes, length);
  if (unpackedBytes.length !== length) throw new Error(`a page of ${unpackedBytes.length} bytes instead of ${length}`);
  return unpackedBytes;
};

const pageCount = (value: unknown): number => {
  const count = checkCount(value, "values in a page");
  if (count > maxPageValues)
    throw new Error(`a page of ${count} values, more than ${maxPageValues}; write smaller pages`);
  return count;
};

interface OpenPage {
  count: number;
  /** Undefined if every value has the same level. */
  repetitions: Uint32Array | undefined;
  definitions: Uint32Array | undefined;
  encoding: string;
  /** At the values. */
  cursor: Cursor;
}

const openPage = (
  { header, bytes }: Page,
  decompress: Decompress,
  maxDefinition: number,
  maxRepetition: number,
): OpenPage => {
  const size = header.uncompressed_page_size;
  const v1 = header.data_page_header;
  if (header.type === "DATA_PAGE" && v1) {
    const count = pageCount(v1.num_values);
    const cursor = { bytes: unpacked(decompress, bytes, size), at: 0 };
    const levels = (max: number) => {
      if (max === 0) return undefined;
      const { at } = cursor;
      if (at + 4 > cursor.bytes.length) throw new Error("levels that end early");
      const length = new DataView(cursor.bytes.buffer, cursor.bytes.byteOffset + at).getUint32(0, true);
      if (at + 4 + length > cursor.bytes.length) throw new Error("levels that end early");
      const found = readHybrid({ bytes: cursor.bytes.subarray(at + 4, at + 4 + length), at: 0 }, bitWidth(max), count);
      cursor.at = at + 4 + length;
      return found;
    };
    const repetitions = levels(maxRepetition);
    return { count, repetitions, definitions: levels(maxDefinition), encoding: v1.encoding, cursor };
  }
  const v2 = header.data_page_header_v2;
  if (!v2) throw new Error("a page without its header");
  const count = pageCount(v2.num_values);
  const repetitionBytes = checkCount(v2.repetition_levels_byte_length, "bytes of levels");
  const levelBytes = repetitionBytes + checkCount(v2.definition_levels_byte_length, "bytes of levels");
  if (levelBytes > Math.min(bytes.length, size)) throw new Error("levels that end early");
  const levels = (max: number, from: number, to: number) =>
    max === 0 ? undefined : readHybrid({ bytes: bytes.subarray(from, to), at: 0 }, bitWidth(max), count);
  const body = bytes.subarray(levelBytes);
  return {
    count,
    repetitions: levels(maxRepetition, 0, repetitionBytes),
    definitions: levels(maxDefinition, repetitionBytes, levelBytes),
    encoding: v2.encoding,
    cursor: { bytes: v2.is_compressed === false ? body : unpacked(decompress, body, size - levelBytes), at: 0 },
  };
};
