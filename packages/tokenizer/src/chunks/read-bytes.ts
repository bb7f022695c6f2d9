import { wellFormed } from "../text/aligned-text.ts";
import { textOfCodes } from "./ascii-text.ts";
import type { ChunkReader, ChunkReaderOptions } from "./chunk-reader.ts";
import { type ChunkRule, OTHER, SEPARATOR } from "./chunk-rule.ts";
import { makeRoom, writeOut } from "./chunk-sequence.ts";
import { longestChunk } from "./chunk-table.ts";
import { wasm } from "./chunks-wasm.generated.ts";

/** What `assembly/chunks.ts` exports; addresses and sizes are in bytes. */
interface ChunkKernel {
  readonly memory: WebAssembly.Memory;
  setUp(kinds: number, text: number, numbers: number, bounds: number, slots: number, arena: number, most: number): void;
  resize(slots: number): void;
  chunkCount(): number;
  usedBytes(): number;
  unfinishedAt(): number;
  unnumbered(): number;
  read(bytes: number, isLast: number): number;
}

/** UTF-16 units that go to the kernel at a time. */
const pieceUnits = 1 << 16;
const pieceBytes = 3 * pieceUnits;
/** The kernel reads and compares so many bytes beyond the end. */
const padding = 128;
const fewestSlots = 1 << 12;
const slotBytes = 16;
const pageBytes = 1 << 16;

let compiled: WebAssembly.Module | undefined | null;

/** Undefined if the engine, or the policy of a page, has no WebAssembly with SIMD. */
const compile = (): WebAssembly.Module | undefined => {
  if (compiled === undefined)
    try {
      compiled = new WebAssembly.Module(Uint8Array.from(atob(wasm.code), (character) => character.charCodeAt(0)));
    } catch {
      compiled = null;
    }
  return compiled ?? undefined;
};

/**
 * Reads texts as UTF-8 in WebAssembly, 64 bytes at a time: several times as fast as by units. Chunks of more than 64 bytes have no
 * number. Undefined if the rule keeps spaces, or there is no WebAssembly.
 */
export const byteReader = ({ rule, maxChunks }: ChunkReaderOptions): ChunkReader | undefined => {
  const module = rule.keepSpace ? undefined : compile();
  if (!module) return undefined;
  const kernel = new WebAssembly.Instance(module).exports as unknown as ChunkKernel;
  // Pages that nobody writes to take no memory: there is room for all slots at once, and the arena grows at the end.
  const mostSlots = 2 ** Math.ceil(Math.log2(Math.max(fewestSlots, (maxChunks * 4) / 3 + 8)));
  const kinds = 4096;
  const text = kinds + 64;
  const numbers = text + pieceBytes + padding;
  const bounds = numbers + 4 * (pieceBytes + padding);
  const slots = bounds + 4 * (maxChunks + 4) + 16;
  const arena = slots + slotBytes * mostSlots;
  const { memory } = kernel;
  const requireBytes = (bytes: number) => {
    const missing = bytes - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / pageBytes) + 15);
  };
  requireBytes(arena + pieceBytes + padding);
  new Uint8Array(memory.buffer, kinds, 48).set(kindTables(rule));
  kernel.setUp(kinds, text, numbers, bounds, slots, arena, maxChunks);
  kernel.resize(fewestSlots);

  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const decode = (at: number, bytes: number) => decoder.decode(new Uint8Array(memory.buffer, at, bytes));
  const codes = new Uint8Array(longestChunk);
  let heap = new Uint8Array(0);
  let ends = new Uint32Array(0);
  /** Views of the memory, which are new after it has grown. */
  const look = () => {
    if (heap.buffer === memory.buffer) return;
    heap = new Uint8Array(memory.buffer);
    ends = new Uint32Array(memory.buffer, bounds, maxChunks);
  };
  const startOf = (number: number) => arena + (number === 0 ? 0 : ends[number - 1]!);

  const asciiOf = (number: number, into: Uint8Array): number => {
    look();
    const from = startOf(number);
    const to = arena + ends[number]!;
    for (let at = from; at < to; at++) {
      const code = heap[at]!;
      if (code > 127) return -1;
      into[at - from] = code;
    }
    return to - from;
  };

  return {
    get size() {
      return kernel.chunkCount();
    },
    chunk(number) {
      const length = asciiOf(number, codes);
      if (length >= 0) return textOfCodes(codes, length);
      const from = startOf(number);
      return decode(from, arena + ends[number]! - from);
    },
    asciiOf,
    read(whole, out) {
      for (let position = 0; position < whole.length; ) {
        let to = Math.min(whole.length, position + pieceUnits);
        if (to < whole.length && (whole.charCodeAt(to - 1) & 0xfc00) === 0xd800) to--; // it belongs to the next unit
        const piece = position === 0 && to === whole.length ? whole : whole.slice(position, to);
        requireBytes(arena + kernel.usedBytes() + pieceBytes + padding);
        look();
        const { written } = encoder.encodeInto(piece, heap.subarray(text, text + pieceBytes));
        const isLast = to === whole.length;
        const elements = new Int32Array(memory.buffer, numbers, kernel.read(written, Number(isLast)));
        if (kernel.unnumbered() === 0) {
          makeRoom(out, elements.length);
          out.elements.set(elements, out.used);
          out.used += elements.length;
        } else
          for (let at = 0; at < elements.length; at++) {
            if (elements[at]! >= 0) {
              makeRoom(out, 1);
              out.elements[out.used++] = elements[at]!;
              continue;
            }
            const stretch = decode(text + elements[at + 1]!, elements[at + 2]!);
            writeOut(out, stretch, 0, stretch.length);
            at += 2;
          }
        const rest = kernel.unfinishedAt();
        if (rest === 0 && !isLast) {
          const end = endOfChunk(whole, position, rule);
          const stretch = wellFormed(whole.slice(position, end));
          writeOut(out, stretch, 0, stretch.length);
          position = end;
        } else position = to - (rest === written ? 0 : decode(text + rest, written - rest).length);
      }
    },
  };
};

/** Which high nibbles go with each low one, as bits, of the codes of separators, words and marks. */
const kindTables = ({ kinds }: ChunkRule): Uint8Array => {
  const tables = new Uint8Array(48);
  kinds.forEach((kind, code) => {
    if (kind !== OTHER) tables[16 * kind + (code & 15)]! |= 1 << (code >> 4);
  });
  return tables;
};

/** Where the chunk that begins at `start` ends. */
const endOfChunk = (text: string, start: number, { kinds }: ChunkRule): number => {
  let last = OTHER;
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const kind = code < 128 ? kinds[code]! : OTHER;
    if (kind !== last && (kind === SEPARATOR || (last !== OTHER && kind !== OTHER))) return i;
    last = kind;
  }
  return text.length;
};
