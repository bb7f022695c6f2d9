import { readFile } from "node:fs/promises";
import { checkOptions, fault } from "@cramkit/errors";
import { explained } from "./explained.ts";
import { requireFile } from "./require-file.ts";

export interface ReadTextOptions {
  /**
   * A larger file is refused before it is read.
   *
   * @defaultValue 500 million, about what JavaScript can hold in one text
   */
  readonly maxBytes?: number;
}

/**
 * The text of a whole file in UTF-8, without its byte order mark: for settings and tables that people and other programs write.
 *
 * @throws a fault that names the file: what `requireFile` refuses, `too-large`, and `invalid-input` for UTF-16, UTF-32 and bytes
 *   that are not UTF-8
 */
export const readText = async (path: string, options: ReadTextOptions = {}): Promise<string> => {
  checkOptions("readText", options, { maxBytes: true });
  const { maxBytes = 500_000_000 } = options;
  const { size } = await requireFile(path);
  if (size > maxBytes)
    throw fault({
      code: "too-large",
      place: path,
      problem: `expected at most ${maxBytes} bytes, got ${size}`,
      remedy: "is it the right file?",
    });
  const bytes = await explained(path, readFile(path));
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const other = markedEncoding(bytes);
    throw fault({
      code: "invalid-input",
      place: path,
      problem: `expected UTF-8, got ${other ? `${other} by the byte order mark` : "bytes that are not valid UTF-8"}`,
      remedy: `save it as UTF-8${other ? `, for example with "iconv -f ${other} -t UTF-8"` : ""}`,
      cause,
    });
  }
};

/** The encoding that the mark at the beginning of a file stands for, if that is not UTF-8. */
export const markedEncoding = (bytes: Uint8Array): "UTF-16" | "UTF-32" | undefined => {
  const [a, b, c, d] = bytes;
  if ((a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe && d === 0xff))
    return "UTF-32";
  return (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff) ? "UTF-16" : undefined;
};
