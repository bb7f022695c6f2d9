import { isWhitespace } from "../text/characters.ts";
import { type ChunkRule, OTHER, SEPARATOR } from "./chunk-rule.ts";

/** Chunks of a text with the hashes of their units; filled again and again. */
export interface ChunkList {
  count: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly hashes: Int32Array;
}

const CAPACITY = 1024;

export const chunkList = (): ChunkList => ({
  count: 0,
  starts: new Int32Array(CAPACITY),
  ends: new Int32Array(CAPACITY),
  hashes: new Int32Array(CAPACITY),
});

const PRIME = 0x01000193;
const SEED = 0x811c9dc5 | 0;
const SPACE = 32;

/** The hash of a chunk, as scanning has it. */
export const hashOfChunk = (text: string): number => {
  let hash = SEED;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
  return hash ^ (hash >>> 15);
};

/** Fills `out` with the next chunks of `text` before `end`; returns where to go on, which is `end` when all is done. */
export const scanChunks = (text: string, position: number, end: number, rule: ChunkRule, out: ChunkList): number =>
  rule.keepSpace ? scanWithSpaces(text, position, end, rule, out) : scanWords(text, position, end, rule, out);

const scanWords = (text: string, position: number, end: number, { kinds }: ChunkRule, out: ChunkList): number => {
  const { starts, ends, hashes } = out;
  let count = 0;
  let i = position;
  while (i < end && count < CAPACITY) {
    const start = i;
    let hash = SEED;
    let last = OTHER;
    for (; i < end; i++) {
      const code = text.charCodeAt(i);
      const kind = code < 128 ? kinds[code]! : OTHER;
      // Two kinds that are both ASCII and both known: a cut.
      if (kind !== last && (kind === SEPARATOR || (last !== OTHER && kind !== OTHER))) break;
      last = kind;
      hash = Math.imul(hash ^ code, PRIME);
    }
    if (i > start) {
      starts[count] = start;
      ends[count] = i;
      hashes[count++] = hash ^ (hash >>> 15);
    } else i++;
  }
  out.count = count;
  return i;
};

const scanWithSpaces = (text: string, position: number, end: number, rule: ChunkRule, out: ChunkList): number => {
  const { starts, ends, hashes } = out;
  const { kinds, anyNeighbour } = rule;
  const isNeighbour = (code: number) =>
    code < 128 ? kinds[code]! !== SEPARATOR && kinds[code]! !== OTHER : anyNeighbour && !isWhitespace(code);
  let count = 0;
  let i = position;
  while (i < end && count < CAPACITY) {
    const start = i;
    let hash = SEED;
    do {
      hash = Math.imul(hash ^ text.charCodeAt(i++), PRIME);
    } while (
      i < end &&
      !(
        text.charCodeAt(i) === SPACE &&
        i + 1 < end &&
        isNeighbour(text.charCodeAt(i - 1)) &&
        isNeighbour(text.charCodeAt(i + 1))
      )
    );
    starts[count] = start;
    ends[count] = i;
    hashes[count++] = hash ^ (hash >>> 15);
  }
  out.count = count;
  return i;
};
