import { invalidUtf8 } from "./encoding.ts";
import { type FileRecord, type RecordOptions, recordDocument } from "./format.ts";
import { checkSize, parseJson } from "./json-value.ts";
import { decodeUtf8, isBlank, type Line, lineBatches, maxRecordBytes } from "./lines.ts";
import { textBytes } from "./text-bytes.ts";

/** Reads one JSON value a line: an object with a text field, or a string. Blank lines are ignored. */
export async function* readJsonLines(path: string, options: RecordOptions): AsyncGenerator<FileRecord> {
  let number = 0;
  for await (const lines of lineBatches(textBytes(path, options))) {
    for (const line of lines) {
      number++;
      if (line === undefined || !isBlank(line)) yield parseRecord(line, `line ${number}`, options);
    }
  }
}

/** The record in the JSON text of one value. */
export const parseRecord = (json: Line, place: string, options: RecordOptions): FileRecord => {
  if (json === undefined) return { kind: "bad", place, reason: `a record of more than ${maxRecordBytes} bytes` };
  try {
    checkSize(json);
  } catch (error) {
    return { kind: "bad", place, reason: (error as Error).message };
  }
  const text = decodeUtf8(json);
  if (text === undefined) return { kind: "bad", place, ...invalidUtf8(json) };
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    return { kind: "bad", place, reason: `invalid JSON: ${(error as Error).message}` };
  }
  const record = recordDocument(value, place, options);
  // Half of a surrogate pair can only come from an escape: it is not a character, and UTF-8 cannot hold it.
  if (record.kind === "document" && text.includes("\\u")) record.text = record.text.replace(/\p{Cs}/gu, "\ufffd");
  return record;
};
