import { type TokenList, tokenList } from "../components.ts";
import { type AlignedText, alignedText } from "../text/aligned-text.ts";
import type { ChunkRule } from "./chunk-rule.ts";
import { type ChunkTable, chunkTable, longestChunk } from "./chunk-table.ts";
import { chunkList, scanChunks } from "./scan-chunks.ts";
import { reserve, type TokenBuffer } from "./token-buffer.ts";

/** Chunks that are remembered at a time, some 20 MB; then all are forgotten and the common ones come back. */
const CAPACITY = 1 << 18;

type Tokenize = (text: AlignedText, out: TokenList) => void;

/** What is remembered of chunk `n`: tokens `bounds[n] .. bounds[n + 1]`, offsets counted from the chunk (one byte each). */
interface Memory {
  table: ChunkTable;
  bounds: Int32Array;
  ids: Uint32Array;
  starts: Uint8Array;
  ends: Uint8Array;
}

/**
 * Encodes `text` from `start` to `end`, by chunks if there is a rule. `tokenize` makes the tokens of a chunk that is new;
 * without a rule, and for the first chunk if its place matters, it sees the text itself.
 */
export const chunkEncoder = (tokenize: Tokenize, rule: ChunkRule | undefined) => {
  const chunks = chunkList();
  let memory: Memory | undefined;

  const encodeDirectly = (text: string, start: number, end: number, out: TokenBuffer) => {
    const list = tokenList();
    tokenize(alignedText(text.slice(start, end), start), list);
    append(out, list, 0);
  };

  const learn = (known: Memory, text: string, start: number, end: number, hash: number, out: TokenBuffer) => {
    const list = tokenList();
    // Behind the beginning of the text: what depends on the place was left to encodeDirectly.
    tokenize(alignedText(text.slice(start, end), 1), list);
    append(out, list, start - 1);
    if (list.surfaces) return;
    if (known.table.size === CAPACITY) known.table.clear();
    const n = known.table.add(text, start, end, hash);
    const first = n === 0 ? 0 : known.bounds[n]!;
    makeRoom(known, n, first + list.ids.length);
    known.bounds[n] = first;
    known.bounds[n + 1] = first + list.ids.length;
    for (let i = 0; i < list.ids.length; i++) {
      known.ids[first + i] = list.ids[i]!;
      known.starts[first + i] = list.starts[i]! - 1;
      known.ends[first + i] = list.ends[i]! - 1;
    }
  };

  return (text: string, start: number, end: number, out: TokenBuffer): void => {
    if (!rule) {
      encodeDirectly(text, start, end, out);
      return;
    }
    memory ??= newMemory();
    const { table } = memory;
    let isFirst = rule.keepSpace;
    for (let position = start; position < end; ) {
      position = scanChunks(text, position, end, rule, chunks);
      for (let c = 0; c < chunks.count; c++) {
        const from = chunks.starts[c]!;
        const to = chunks.ends[c]!;
        if (isFirst || to - from > longestChunk) {
          encodeDirectly(text, from, to, out);
          isFirst = false;
          continue;
        }
        const hash = chunks.hashes[c]!;
        const n = table.find(text, from, to, hash);
        if (n === -1) {
          learn(memory, text, from, to, hash, out);
          continue;
        }
        const first = memory.bounds[n]!;
        const last = memory.bounds[n + 1]!;
        if (out.count + last - first > out.ids.length) reserve(out, last - first);
        let at = out.count;
        for (let i = first; i < last; i++, at++) {
          out.ids[at] = memory.ids[i]!;
          out.starts[at] = from + memory.starts[i]!;
          out.ends[at] = from + memory.ends[i]!;
        }
        out.count = at;
      }
    }
  };
};

const append = (out: TokenBuffer, list: TokenList, shift: number): void => {
  reserve(out, list.ids.length);
  if (list.surfaces) {
    out.surfaces ??= new Map();
    for (const [i, surface] of list.surfaces) out.surfaces.set(out.count + i, surface);
  }
  for (let i = 0; i < list.ids.length; i++) {
    out.ids[out.count] = list.ids[i]!;
    out.starts[out.count] = list.starts[i]! + shift;
    out.ends[out.count++] = list.ends[i]! + shift;
  }
};

const newMemory = (): Memory => ({
  table: chunkTable(),
  bounds: new Int32Array(1 << 10),
  ids: new Uint32Array(1 << 11),
  starts: new Uint8Array(1 << 11),
  ends: new Uint8Array(1 << 11),
});

const makeRoom = (memory: Memory, n: number, tokens: number): void => {
  if (n + 1 >= memory.bounds.length) {
    const old = memory.bounds;
    memory.bounds = new Int32Array(old.length * 2);
    memory.bounds.set(old);
  }
  if (tokens <= memory.ids.length) return;
  const length = Math.max(memory.ids.length * 2, tokens);
  const { ids, starts, ends } = memory;
  memory.ids = new Uint32Array(length);
  memory.ids.set(ids);
  memory.starts = new Uint8Array(length);
  memory.starts.set(starts);
  memory.ends = new Uint8Array(length);
  memory.ends.set(ends);
};
