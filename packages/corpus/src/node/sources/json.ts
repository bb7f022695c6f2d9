import { CorpusInputError } from "./bad-input.ts";
import type { FileRecord, RecordOptions } from "./format.ts";
import { parseRecord } from "./jsonl.ts";
import { maxRecordBytes } from "./lines.ts";
import { textBytes } from "./text-bytes.ts";

const [quote, backslash, comma, open, close] = [34, 92, 44, 91, 93];

/**
 * Reads a `.json` file without holding it: the elements of a top-level array, or values one after the other (objects
 * may span lines). Each value is cut out by its brackets and quotes and parsed alone, so one broken value is one bad
 * record. A file that ends inside a value throws.
 */
export async function* readJson(path: string, options: RecordOptions): AsyncGenerator<FileRecord> {
  let base = -1; // depth of the values: 1 in a top-level array, 0 otherwise; -1 before the first sign
  let depth = 0;
  let inString = false;
  let escaped = false;
  let inValue = false;
  let number = 0;
  let offset = 0;
  let carried: Buffer[] = [];
  let carriedBytes = 0;
  for await (const chunk of textBytes(path, options)) {
    let start = 0;
    const cut = (end: number): FileRecord => {
      const isTooLong = carriedBytes + end - start > maxRecordBytes;
      const json = isTooLong ? undefined : Buffer.concat([...carried, chunk.subarray(start, end)]);
      carried = [];
      carriedBytes = 0;
      inValue = false;
      return parseRecord(json, `record ${++number}`, options);
    };
    for (let index = 0; index < chunk.length; index++) {
      const byte = chunk[index] as number;
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === backslash) escaped = true;
        else if (byte === quote) {
          inString = false;
          if (depth === base) yield cut(index + 1);
        }
        continue;
      }
      if (byte <= 32 || byte === comma) {
        if (inValue && depth === base) yield cut(index); // a number, true, false or null ends here
        continue;
      }
      if (base < 0) {
        base = byte === open ? 1 : 0;
        if (base === 1) {
          depth = 1;
          continue;
        }
      }
      const closes = byte === close || byte === 125;
      if (closes && depth === base) {
        if (inValue) yield cut(index);
        if (base === 1) depth = 0;
        base = -1; // the array is complete
        continue;
      }
      if (!inValue) {
        inValue = true;
        start = index;
      }
      if (byte === quote) inString = true;
      else if (byte === open || byte === 123) depth++;
      else if (closes && --depth === base) yield cut(index + 1);
    }
    if (inValue) {
      carriedBytes += chunk.length - start;
      if (carriedBytes <= maxRecordBytes) carried.push(chunk.subarray(start));
      else carried = [];
    }
    offset += chunk.length;
  }
  if (inValue && depth === base && base === 0 && !inString) {
    yield parseRecord(Buffer.concat(carried), `record ${++number}`, options);
  } else if (inValue || base === 1) {
    throw new CorpusInputError("the JSON ends inside a value", {
      file: path,
      remedy: "fetch the file again",
      at: `record ${number + 1}, byte ${offset}`,
    });
  }
}
