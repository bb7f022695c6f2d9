import { isUtf8 } from "node:buffer";
import { StringDecoder } from "node:string_decoder";
import { cutIntoPassages, passageCharacters, passageEnd } from "../../passages.ts";
import type { BadReason } from "../../read-report.ts";
import { invalidUtf8 } from "./encoding.ts";
import type { FileRecord, RecordOptions } from "./format.ts";
import { decodeUtf8, isBlank, type Line, lineBatches, maxRecordBytes } from "./lines.ts";
import { textBytes } from "./text-bytes.ts";

/** Reads plain text: a document a file, a line, a block of lines between blank ones, or a passage. */
export const readText = (path: string, options: RecordOptions): AsyncIterable<FileRecord> => {
  const chunks = textBytes(path, options);
  if (options.unit === "file") return wholeFile(chunks);
  if (options.unit === "passage") return textPassages(chunks);
  return options.unit === "line" ? textLines(chunks) : textBlocks(chunks);
};

async function* wholeFile(text: AsyncIterable<Buffer>): AsyncGenerator<FileRecord> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of text) {
    bytes += chunk.length;
    if (bytes > maxRecordBytes) {
      yield tooLong("line 1");
      return;
    }
    chunks.push(chunk);
  }
  const record = decoded(Buffer.concat(chunks), "line 1");
  if (record.kind === "document") record.text = record.text.replaceAll("\r\n", "\n");
  yield record;
}

async function* textLines(text: AsyncIterable<Buffer>): AsyncGenerator<FileRecord> {
  let number = 0;
  for await (const lines of lineBatches(text)) {
    for (const line of lines) {
      number++;
      if (line === undefined) yield tooLong(`line ${number}`);
      else if (!isBlank(line)) yield decoded(line, `line ${number}`);
    }
  }
}

async function* textBlocks(text: AsyncIterable<Buffer>): AsyncGenerator<FileRecord> {
  let number = 0;
  let first = 1;
  let block: Line[] = [];
  let bytes = 0;
  const take = (): FileRecord => {
    const place = `line ${first}`;
    const pieces = block as Buffer[];
    const record = bytes > maxRecordBytes ? tooLong(place) : decoded(joinLines(pieces), place);
    block = [];
    bytes = 0;
    return record;
  };
  for await (const lines of lineBatches(text)) {
    for (const line of lines) {
      number++;
      if (line !== undefined && isBlank(line)) {
        if (block.length > 0) yield take();
        continue;
      }
      if (block.length === 0) first = number;
      bytes += line === undefined ? maxRecordBytes + 1 : line.length + 1;
      if (bytes > maxRecordBytes) block = [undefined];
      else block.push(line);
    }
  }
  if (block.length > 0) yield take();
}

/** Passages of a text of any length, of which only the next few are in memory. */
async function* textPassages(chunks: AsyncIterable<Buffer>): AsyncGenerator<FileRecord> {
  const decoder = new StringDecoder("utf8");
  let text = "";
  let number = 0;
  let invalid: BadReason | undefined;
  const record = (passage: string): FileRecord | undefined => {
    const place = `passage ${++number}`;
    if (passage.trim() === "") return undefined;
    // U+FFFD stands for bytes that are not UTF-8; if a text holds it by itself, something was lost before.
    if (passage.includes("\ufffd"))
      return { kind: "bad", place, ...(invalid ?? { reason: "U+FFFD, which stands for lost text" }) };
    return { kind: "document", text: passage, id: place };
  };
  for await (const chunk of chunks) {
    // A character may go on in the next chunk: if the bytes are no UTF-8, they are so before it.
    if (invalid === undefined && !isUtf8(chunk)) invalid = invalidUtf8(chunk);
    text += decoder.write(chunk).replaceAll("\r\n", "\n");
    let start = 0;
    while (text.length - start > 2 * passageCharacters) {
      const end = start + passageEnd(text.slice(start, start + passageCharacters));
      const next = record(text.slice(start, end));
      if (next) yield next;
      start = end;
    }
    text = text.slice(start);
  }
  for (const passage of cutIntoPassages(text + decoder.end())) {
    const next = record(passage);
    if (next) yield next;
  }
}

const joinLines = (lines: Buffer[]): Buffer => {
  const [only] = lines;
  if (only && lines.length === 1) return only;
  const lineFeed = Uint8Array.of(10);
  return Buffer.concat(lines.flatMap((line, index) => (index ? [lineFeed, line] : [line])));
};

const decoded = (bytes: Buffer, place: string): FileRecord => {
  const text = decodeUtf8(bytes);
  return text === undefined ? { kind: "bad", place, ...invalidUtf8(bytes) } : { kind: "document", text, id: place };
};

const tooLong = (place: string): FileRecord => ({
  kind: "bad",
  place,
  reason: `a record of more than ${maxRecordBytes} bytes`,
});
