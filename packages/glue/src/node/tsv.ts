import { createReadStream } from "node:fs";

export interface Line {
  /** Without its end. */
  readonly text: string;
  /** From 1. */
  readonly number: number;
  /** False on a last line that no line feed closes. */
  readonly closed: boolean;
}

/**
 * Lines of a UTF-8 file. Only `\n` and `\r\n` end a line, as sentences may hold any other separator; a byte order mark is
 * left out. Nothing is quoted in these files: a quotation mark is text.
 */
export async function* lines(file: string): AsyncGenerator<Line> {
  const decoder = new TextDecoder("utf-8", { fatal: true }); // drops the byte order mark
  let rest = "";
  let number = 0;
  const decoded = (chunk?: Uint8Array): string => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
    } catch {
      throw new Error(
        `${file}:${number + 1}: expected UTF-8 text from here on, got other bytes; download the file again`,
      );
    }
  };
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    const pieces = (rest + decoded(chunk)).split("\n");
    rest = pieces.pop()!;
    for (const text of pieces)
      yield { text: text.endsWith("\r") ? text.slice(0, -1) : text, number: ++number, closed: true };
  }
  rest += decoded();
  if (rest !== "") yield { text: rest, number: ++number, closed: false };
}
