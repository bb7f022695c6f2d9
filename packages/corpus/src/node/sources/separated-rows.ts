import { CorpusInputError } from "./bad-input.ts";
import { maxRecordBytes } from "./lines.ts";

/** How a table in text is written. Each sign is one byte of ASCII. */
export interface Dialect {
  delimiter: string;
  /** False if quotes are ordinary characters. */
  quote: string | false;
  /** What makes a quote ordinary inside of quotes: the quote itself, or for example a backslash. */
  escape: string;
}

export interface Row {
  /** The line on which it begins, from 1. */
  line: number;
  /** The fields that were wanted, by their number. */
  fields: Map<number, Buffer>;
  /** Fields that it has. */
  count: number;
  /** There is text in the fields beyond the table's columns. */
  hasExtraText: boolean;
  /**
   * Why it cannot be read: its quotes contradict each other, or it is too long.
   *
   * @defaultValue absent for a row that can be read
   */
  bad?: string;
}

/** What is kept of the rows to come; may change after each row. */
export interface Wanted {
  /** Decides over a field by its number, from 0. */
  keeps(field: number): boolean;
  /** Columns of the table; text beyond them is extra. */
  columns: number;
}

/** What the byte before was part of. */
type State = "start" | "plain" | "quoted" | "escaped" | "closed" | "return" | "bad";

const [lineFeed, carriageReturn] = [10, 13];

/**
 * The rows of a table in chunks of bytes, in memory that depends on the fields that are wanted of one row and on nothing
 * else. Lines end in line feeds with or without a return, also in quotes. Empty lines are left out. A row whose quotes
 * contradict each other is bad and ends with its line; a quote that never closes throws a CorpusInputError of `path`.
 */
export async function* separatedRows(
  chunks: AsyncIterable<Buffer>,
  path: string,
  { delimiter, quote, escape: escapeSign }: Dialect,
  wanted: Wanted,
): AsyncGenerator<Row> {
  const delimiterByte = delimiter.charCodeAt(0);
  const quoteByte = quote === false ? -1 : quote.charCodeAt(0);
  const escapeByte = quote === false ? -1 : escapeSign.charCodeAt(0);
  const never = (line: number, reason: string) =>
    new CorpusInputError(`a quote opens here and ${reason}`, {
      file: path,
      at: `line ${line}`,
      code: "invalid-input",
      remedy: "set quote to false if quotes are ordinary characters",
      details: { option: "quote" },
    });

  let state = "start" as State;
  let line = 1;
  let row = newRow(line);
  let rowBytes = 0;
  let keeps = wanted.keeps(0);
  let pieces: Buffer[] = []; // of the field at hand, from earlier chunks or before an escape
  let fieldBytes = 0;
  let quoteLine = 1;
  let lastByte = 0; // of the chunk before

  for await (const chunk of chunks) {
    let from = state === "plain" || state === "quoted" ? 0 : -1; // where what belongs to the field begins in this chunk
    let rowStart = 0;
    let previous = lastByte;
    lastByte = chunk[chunk.length - 1] ?? lastByte;
    const keep = (to: number) => {
      if (from >= 0 && to > from) {
        fieldBytes += to - from;
        if (keeps) pieces.push(chunk.subarray(from, to));
      }
      from = -1;
    };
    const endField = () => {
      if (fieldBytes > 0 && row.count >= wanted.columns) row.hasExtraText = true;
      if (keeps) row.fields.set(row.count, pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces));
      row.count++;
      pieces = [];
      fieldBytes = 0;
      keeps = wanted.keeps(row.count);
    };
    const fail = (reason: string) => {
      row.bad = reason;
      pieces = [];
      return "bad" as const;
    };
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (byte === lineFeed) {
        line++;
        previous = at > 0 ? (chunk[at - 1] as number) : previous;
      }
      if (state === "quoted") {
        if (byte === quoteByte && escapeByte === quoteByte) {
          keep(at);
          state = "closed";
        } else if (byte === escapeByte) {
          keep(at);
          from = at;
          state = "escaped";
        } else if (byte === quoteByte) {
          keep(at);
          state = "closed";
        }
        continue;
      }
      if (state === "escaped") {
        // The escape is dropped if it stands before a quote or itself, and stays before anything else.
        if (byte === quoteByte || byte === escapeByte) from = at;
        else if (from < 0) {
          if (keeps) pieces.push(Buffer.from([escapeByte]));
          fieldBytes++;
          from = at;
        }
        state = "quoted";
        continue;
      }
      if (state === "closed" && byte === quoteByte && escapeByte === quoteByte) {
        from = at; // two quotes are one
        state = "quoted";
        continue;
      }
      if (byte === lineFeed) {
        if (state === "plain") {
          keep(at);
          if (previous === carriageReturn) trimReturn();
        }
        const isBlank = row.count === 0 && fieldBytes === 0 && (state === "start" || state === "plain");
        if (state !== "bad" && !isBlank) endField();
        rowBytes += at + 1 - rowStart;
        if (rowBytes > maxRecordBytes) row.bad = tooLong;
        if (row.count > 0 || row.bad !== undefined) yield row;
        row = newRow(line);
        rowBytes = 0;
        rowStart = at + 1;
        keeps = wanted.keeps(0);
        state = "start";
        from = -1;
        pieces = [];
        fieldBytes = 0;
        continue;
      }
      if (state === "bad") continue;
      if (byte === delimiterByte) {
        if (state === "return") state = fail(behindQuote);
        else {
          keep(at);
          endField();
          state = "start";
        }
      } else if (state === "start") {
        if (byte === quoteByte) {
          state = "quoted";
          quoteLine = line;
          from = at + 1;
        } else {
          state = "plain";
          from = at;
        }
      } else if (state === "closed" || state === "return") {
        if (byte === carriageReturn && state === "closed") state = "return";
        else state = fail(behindQuote);
      } else if (byte === quoteByte) {
        state = fail(`a quote inside of a field that does not begin with one; ${quoteRemedy}`);
      }
    }
    if (state === "plain" || state === "quoted") keep(chunk.length);
    rowBytes += chunk.length - rowStart;
    if (rowBytes > maxRecordBytes) {
      if (state === "quoted" || state === "escaped" || state === "closed") {
        throw never(quoteLine, `does not close within ${maxRecordBytes} bytes`);
      }
      state = fail(tooLong);
    }
  }
  if (state === "quoted" || state === "escaped") throw never(quoteLine, "never closes");
  if (state === "plain" && lastByte === carriageReturn) trimReturn();
  if (row.count === 0 && fieldBytes === 0 && (state === "start" || state === "plain")) return;
  if (state !== "bad") {
    if (fieldBytes > 0 && row.count >= wanted.columns) row.hasExtraText = true;
    if (keeps) row.fields.set(row.count, Buffer.concat(pieces));
    row.count++;
  }
  yield row;

  /** A return at the end of a line is not part of its last field. */
  function trimReturn(): void {
    fieldBytes--;
    const last = pieces.at(-1);
    if (last !== undefined) pieces[pieces.length - 1] = last.subarray(0, -1);
  }
}

const quoteRemedy = "(set quote to false if quotes are ordinary characters)";
const behindQuote = `text after a closing quote ${quoteRemedy}`;
const tooLong = `a record of more than ${maxRecordBytes} bytes`;

const newRow = (line: number): Row => ({ line, fields: new Map(), count: 0, hasExtraText: false });
