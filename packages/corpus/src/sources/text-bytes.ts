import { CorpusInputError } from "./bad-input.ts";
import { readBytes } from "./bytes.ts";

/**
 * The bytes of a file of UTF-8 text in chunks, decompressed and without a byte order mark. A file whose mark stands for
 * another encoding throws a CorpusInputError.
 */
export async function* textBytes(path: string): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0); // until there are bytes enough for a mark
  for await (const chunk of readBytes(path)) {
    if (head === undefined) yield chunk;
    else {
      head = head.length > 0 ? Buffer.concat([head, chunk]) : chunk;
      if (head.length < 3) continue;
      yield withoutMark(head, path);
      head = undefined;
    }
  }
  if (head !== undefined && head.length > 0) yield withoutMark(head, path);
}

function withoutMark(bytes: Buffer, path: string): Buffer {
  const mark = bytes.toString("hex", 0, 3);
  if (mark.startsWith("fffe") || mark.startsWith("feff")) {
    throw new CorpusInputError(
      "expected UTF-8, got UTF-16 or UTF-32 by the byte order mark; convert the file, for example with " +
        '"iconv -f UTF-16 -t UTF-8", or set onBrokenFile to "skip"',
      { file: path, place: "byte 0" },
    );
  }
  return mark === "efbbbf" ? bytes.subarray(3) : bytes;
}
