/** A key that an object has twice, and the line of the second. */
export interface DuplicateKey {
  readonly key: string;
  readonly line: number;
}

/**
 * The first key that one object of a JSON text has twice: `JSON.parse` keeps the last value without a word.
 *
 * @param text - It has to be JSON.
 */
export const duplicateKey = (text: string): DuplicateKey | undefined => {
  const open: Set<string>[] = []; // the keys of the objects around a place; an array has none
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]+|\\.)*"(?:\s*:)?|[{}[\]]/g)) {
    if (token === "{" || token === "[") open.push(new Set());
    else if (token === "}" || token === "]") open.pop();
    else if (token.endsWith(":")) {
      const key = JSON.parse(token.slice(0, -1)) as string;
      const keys = open.at(-1)!;
      if (keys.has(key)) return { key, line: text.slice(0, index).split("\n").length };
      keys.add(key);
    }
  }
  return undefined;
};
