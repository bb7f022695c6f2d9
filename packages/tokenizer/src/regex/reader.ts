/** Where the parser stands. */
export interface RegexReader {
  readonly source: string;
  at: number;
  /** Groups and classes that are open. */
  depth: number;
  ignoreCase: boolean;
  /** Whitespace and comments mean nothing. */
  extended: boolean;
  /** A full stop matches a line feed. */
  dotAll: boolean;
}

const MAX_DEPTH = 200;

/** Reads what stands inside a bracket; the depth of brackets has a bound, as the stack of the reader has. */
export const nested = <T>(reader: RegexReader, read: () => T): T => {
  if (++reader.depth > MAX_DEPTH) throw new SyntaxError(`more than ${MAX_DEPTH} groups inside each other`);
  const result = read();
  reader.depth--;
  return result;
};
