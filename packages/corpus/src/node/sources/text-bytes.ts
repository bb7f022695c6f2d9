import { CorpusInputError } from "./bad-input.ts";
import { readBytes } from "./bytes.ts";
import { asUtf8, isEncoding } from "./encoding.ts";

export interface TextEncoding {
  /**
   * Encoding of the text, such as "latin1".
   *
   * @defaultValue UTF-8
   */
  encoding?: string | undefined;
}

/**
 * The text of a file as UTF-8 in chunks, decompressed and without a byte order mark. A file whose mark stands for
 * another encoding than the one that was named throws a CorpusInputError.
 */
export async function* textBytes(path: string, { encoding }: TextEncoding = {}): AsyncGenerator<Buffer> {
  if (encoding === undefined || /^utf-?8$/i.test(encoding)) {
    yield* withoutMark(readBytes(path), path);
    return;
  }
  if (!isEncoding(encoding)) {
    throw new RangeError(`fileDocuments: expected an encoding such as "latin1" or "utf-16le", got "${encoding}"`);
  }
  try {
    yield* asUtf8(readBytes(path), encoding); // its decoder drops its own mark
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new CorpusInputError(`expected ${encoding}, got bytes that it does not have`, {
      file: path,
      at: "its text",
      remedy: 'name the encoding of the file, or set onBrokenFile to "skip"',
      cause,
    });
  }
}

async function* withoutMark(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0); // until there are bytes enough for a mark
  for await (const chunk of chunks) {
    if (head === undefined) yield chunk;
    else {
      head = head.length > 0 ? Buffer.concat([head, chunk]) : chunk;
      if (head.length < 3) continue;
      yield afterMark(head, path);
      head = undefined;
    }
  }
  if (head !== undefined && head.length > 0) yield afterMark(head, path);
}

const afterMark = (bytes: Buffer, path: string): Buffer => {
  const mark = bytes.toString("hex", 0, 3);
  if (mark.startsWith("fffe") || mark.startsWith("feff")) {
    const name = mark.startsWith("fffe") ? "utf-16le" : "utf-16be";
    throw new CorpusInputError("expected UTF-8, got UTF-16 or UTF-32 by the byte order mark", {
      file: path,
      at: "byte 0",
      code: "unsupported",
      remedy:
        `convert the file, for example with "iconv -f UTF-16 -t UTF-8", set encoding to "${name}", ` +
        'or set onBrokenFile to "skip"',
    });
  }
  return mark === "efbbbf" ? bytes.subarray(3) : bytes;
};
