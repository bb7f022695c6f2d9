import { invalidUtf8 } from "./encoding.ts";
import type { FileRecord, RecordOptions } from "./format.ts";
import { decodeUtf8, isBlank, type Line, lineBatches, maxRecordBytes } from "./lines.ts";
import { textBytes } from "./text-bytes.ts";

/** Reads plain text: a document a file, a line, or a block of lines between blank ones. */
export function readText(path: string, options: RecordOptions): AsyncIterable<FileRecord> {
  const chunks = textBytes(path, options);
  if (options.unit === "file") return wholeFile(chunks);
  return options.unit === "line" ? textLines(chunks) : textBlocks(chunks);
}

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

function joinLines(lines: Buffer[]): Buffer {
  const [only] = lines;
  if (only && lines.length === 1) return only;
  const lineFeed = Uint8Array.of(10);
  return Buffer.concat(lines.flatMap((line, index) => (index ? [lineFeed, line] : [line])));
}

function decoded(bytes: Buffer, place: string): FileRecord {
  const text = decodeUtf8(bytes);
  return text === undefined
    ? { kind: "bad", place, reason: invalidUtf8(bytes) }
    : { kind: "document", text, id: place };
}

function tooLong(place: string): FileRecord {
  return { kind: "bad", place, reason: `a record of more than ${maxRecordBytes} bytes` };
}
