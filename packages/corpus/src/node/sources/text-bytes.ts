import { fault } from "@cramkit/errors";
import { markedEncoding } from "@cramkit/files";
import { CorpusInputError } from "./bad-input.ts";
import { readBytes } from "./bytes.ts";
import { asUtf8, isEncoding, looksLikeUtf16 } from "./encoding.ts";

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
    throw fault({
      code: "invalid-argument",
      place: "fileDocuments",
      problem: `expected the name of an encoding, got "${encoding}"`,
      remedy: 'set encoding to one such as "latin1", "windows-1251" or "utf-16le"',
      details: { option: "encoding" },
      type: RangeError,
    });
  }
  try {
    yield* asUtf8(readBytes(path), encoding); // its decoder drops its own mark
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new CorpusInputError(`expected ${encoding}, got bytes that it does not have`, {
      file: path,
      at: "its text",
      remedy: "set encoding to that of the file",
      details: { option: "encoding" },
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
      if (head.length < 4) continue;
      yield afterMark(head, path);
      head = undefined;
    }
  }
  if (head !== undefined && head.length > 0) yield afterMark(head, path);
}

const afterMark = (bytes: Buffer, path: string): Buffer => {
  const mark = bytes.toString("hex", 0, 3);
  if (markedEncoding(bytes) === "UTF-32") throw notUtf8(path, "UTF-32 by the byte order mark");
  if (mark.startsWith("fffe") || mark.startsWith("feff")) {
    throw notUtf8(path, "UTF-16 by the byte order mark", mark.startsWith("fffe") ? "utf-16le" : "utf-16be");
  }
  const name = looksLikeUtf16(bytes);
  if (name !== undefined) throw notUtf8(path, "what looks like UTF-16 without a byte order mark", name);
  return mark === "efbbbf" ? bytes.subarray(3) : bytes;
};

/** `name`: of an encoding that can be set; the others have to be converted. */
const notUtf8 = (file: string, got: string, name?: string): CorpusInputError =>
  new CorpusInputError(`expected UTF-8, got ${got}`, {
    file,
    at: "byte 0",
    code: "unsupported",
    ...(name === undefined
      ? { remedy: `convert the file, for example with "iconv -f UTF-32 -t UTF-8"` }
      : {
          remedy: `set encoding to "${name}" or convert the file, for example with "iconv -f UTF-16 -t UTF-8"`,
          details: { option: "encoding" },
        }),
  });
