import { createReadStream } from "node:fs";
import { fault } from "@cramkit/errors";
import { requireFile } from "@cramkit/files";

export interface Line {
  /** Without its end. */
  readonly text: string;
  /** From 1. */
  readonly number: number;
  /** False on a last line that no line feed closes. */
  readonly closed: boolean;
}

/** The longest line of GLUE has some ten thousand characters. */
const maxLineLength = 1 << 24;

/**
 * Lines of a UTF-8 file. Only `\n` and `\r\n` end a line, as sentences may hold any other separator; a byte order mark is
 * left out. Nothing is quoted in these files: a quotation mark is text.
 */
export async function* lines(file: string): AsyncGenerator<Line> {
  const decoder = new TextDecoder("utf-8", { fatal: true }); // drops the byte order mark
  let pieces: string[] = []; // of the line at hand
  let length = 0;
  let number = 0;
  const fail = (problem: string): never => {
    throw fault({
      code: "damaged-file",
      place: `${file}:${number + 1}`,
      problem,
      remedy: "download the file again",
    });
  };
  const decoded = (chunk?: Uint8Array): string => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
    } catch {
      return fail("expected UTF-8 text from here on, got other bytes");
    }
  };
  const extend = (piece: string) => {
    length += piece.length;
    if (length > maxLineLength) fail(`expected lines of at most ${maxLineLength} characters, got a longer one`);
    pieces.push(piece);
  };
  await requireFile(file);
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    const text = decoded(chunk);
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      extend(text.slice(start, end));
      const line = pieces.join("");
      yield { text: line.endsWith("\r") ? line.slice(0, -1) : line, number: ++number, closed: true };
      pieces = [];
      length = 0;
      start = end + 1;
    }
    extend(text.slice(start));
  }
  extend(decoded());
  const rest = pieces.join("");
  if (rest !== "") yield { text: rest, number: ++number, closed: false };
}
