// Cuts UTF-8 into chunks by a rule without spaces kept, and numbers them: what `scanWords` and `chunkTable` do for UTF-16.
// The caller lays out the memory, see `kernel-memory.ts`.

const longest: u32 = 64; // as `longestChunk`, in bytes
const spread: u64 = 0x9e3779b97f4a7c15;

let kinds: usize = 0; // three tables of 16 bytes: the high nibbles that go with a low one, of separators, words and marks
let text: usize = 0;
let numbers: usize = 0;
let bounds: usize = 0; // ends of chunk 0, 1, ...
let slots: usize = 0; // of 16 bytes: key, number + 1, length
let mask: u32 = 0;
let arena: usize = 0;
let arenaBytes: u32 = 0;
let size: u32 = 0;
let most: u32 = 0;

/** Bytes of the text before `unfinished`, and whether a chunk of them had no number. */
let rest: u32 = 0;
let without: u32 = 0;

export function setUp(kindsAt: usize, textAt: usize, numbersAt: usize, boundsAt: usize, slotsAt: usize, arenaAt: usize, mostChunks: u32): void {
  kinds = kindsAt; text = textAt; numbers = numbersAt; bounds = boundsAt; slots = slotsAt; arena = arenaAt; most = mostChunks;
}

export function chunkCount(): u32 { return size; }
export function usedBytes(): u32 { return arenaBytes; }
/** Where the chunk begins that the last text ended in. */
export function unfinishedAt(): u32 { return rest; }
/** Chunks of the last text that have no number. */
export function unnumbered(): u32 { return without; }

/** Makes a table of `capacity` slots, a power of two. */
export function resize(capacity: u32): void {
  mask = capacity - 1;
  memory.fill(slots, 0, <usize>capacity << 4);
  let from: u32 = 0;
  for (let n: u32 = 0; n < size; n++) {
    const to = load<u32>(bounds + (<usize>n << 2));
    const at = arena + from, length = to - from;
    const key = keyOf(at, length);
    let slot = slotOf(key, length);
    while (load<u32>(slot, 8) != 0) slot = after(slot);
    store<u64>(slot, key);
    store<u32>(slot, n + 1, 8);
    store<u32>(slot, length, 12);
    from = to;
  }
}

// @ts-ignore: decorator
@inline
function after(slot: usize): usize {
  return slots + ((slot - slots + 16) & ((<usize>mask << 4) | 15));
}

/** Up to eight bytes are their own key; of more it is a hash. */
// @ts-ignore: decorator
@inline
function keyOf(at: usize, length: u32): u64 {
  if (length <= 8) return load<u64>(at) & (<u64>-1 >> (64 - (<u64>length << 3)));
  let hash: u64 = length;
  const last = at + length - 8;
  for (let i = at; i < last; i += 8) hash = rotl<u64>((hash ^ load<u64>(i)) * spread, 29);
  hash = (hash ^ load<u64>(last)) * spread;
  return hash ^ (hash >>> 32);
}

// @ts-ignore: decorator
@inline
function slotOf(key: u64, length: u32): usize {
  const mixed = (key ^ length) * spread;
  return slots + ((<usize>((mixed >>> 32) ^ (mixed >>> 15)) & <usize>mask) << 4);
}

/** Of chunks of more than eight bytes. */
// @ts-ignore: decorator
@inline
function isSame(a: usize, b: usize, length: u32): bool {
  const last = <usize>length - 8;
  for (let i: usize = 0; i < last; i += 8) if (load<u64>(a + i) != load<u64>(b + i)) return false;
  return load<u64>(a + last) == load<u64>(b + last);
}

/** The number of a chunk, which gets one if there is one left; else -1. */
// @ts-ignore: decorator
@inline
function numberOf(at: usize, length: u32): i32 {
  const key = keyOf(at, length);
  let slot = slotOf(key, length);
  let found = load<u32>(slot, 8);
  while (found != 0) {
    if (load<u64>(slot) == key && load<u32>(slot, 12) == length) {
      if (length <= 8) return found - 1;
      const other = found == 1 ? 0 : load<u32>(bounds + (<usize>found << 2) - 8);
      if (isSame(at, arena + other, length)) return found - 1;
    }
    slot = after(slot);
    found = load<u32>(slot, 8);
  }
  return add(at, length, key, slot);
}

function add(at: usize, length: u32, key: u64, free: usize): i32 {
  if (size == most) return -1;
  memory.copy(arena + arenaBytes, at, length);
  arenaBytes += length;
  store<u32>(bounds + (<usize>size << 2), arenaBytes);
  store<u64>(free, key);
  store<u32>(free, size + 1, 8);
  store<u32>(free, length, 12);
  size++;
  if (size >= (mask >>> 2) * 3) resize((mask + 1) << 1);
  return size - 1;
}

/** A bit for each byte of 16 that is of the kind of a table; `bits` has the bit of each byte's high nibble. */
// @ts-ignore: decorator
@inline
function ofKind(table: v128, low: v128, bits: v128): u64 {
  return <u64>i8x16.bitmask(i8x16.ne(v128.and(i8x16.swizzle(table, low), bits), i8x16.splat(0)));
}

/**
 * Writes the numbers of the chunks of the first `bytes` bytes of the text, as -1, begin and length if there is no number, and
 * returns how many elements that are. The table has to have slots enough for all of them, and the arena room.
 * A chunk that reaches to the end of the text is `unfinished` unless the text `isLast`.
 */
export function read(bytes: u32, isLast: bool): u32 {
  const separators = v128.load(kinds), words = v128.load(kinds, 16), marks = v128.load(kinds, 32);
  const bitOf = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
  let out = numbers;
  let begin: u32 = 0;
  let isOpen = false;
  without = 0;
  // Of the byte before the block.
  let separatorBefore: u64 = 1, wordBefore: u64 = 0, markBefore: u64 = 0;
  for (let block: u32 = 0; block < bytes; block += 64) {
    let separator: u64 = 0, word: u64 = 0, mark: u64 = 0;
    for (let i: u32 = 0; i < 64; i += 16) {
      const units = v128.load(text + block + i);
      const low = v128.and(units, i8x16.splat(15));
      const bits = i8x16.swizzle(bitOf, i8x16.shr_u(units, 4));
      separator |= ofKind(separators, low, bits) << i;
      word |= ofKind(words, low, bits) << i;
      mark |= ofKind(marks, low, bits) << i;
    }
    const wasSeparator = (separator << 1) | separatorBefore;
    const cut = (word & ((mark << 1) | markBefore)) | (mark & ((word << 1) | wordBefore));
    let starts = ~separator & (wasSeparator | cut);
    let ends = ~wasSeparator & (separator | cut);
    separatorBefore = separator >>> 63;
    wordBefore = word >>> 63;
    markBefore = mark >>> 63;
    if (bytes - block < 64) {
      const valid = (<u64>1 << (bytes - block)) - 1;
      starts &= valid;
      ends &= valid;
    }
    if (!isOpen) {
      if (starts == 0) continue;
      begin = block + <u32>ctz(starts);
      starts &= starts - 1;
      isOpen = true;
    }
    while (ends != 0) {
      const end = block + <u32>ctz(ends);
      ends &= ends - 1;
      out = emit(out, begin, end);
      if (starts == 0) {
        isOpen = false;
        break;
      }
      begin = block + <u32>ctz(starts);
      starts &= starts - 1;
    }
  }
  rest = bytes;
  if (isOpen) {
    if (isLast) out = emit(out, begin, bytes);
    else rest = begin;
  }
  return <u32>((out - numbers) >>> 2);
}

// @ts-ignore: decorator
@inline
function emit(out: usize, begin: u32, end: u32): usize {
  const length = end - begin;
  const number = length > longest ? -1 : numberOf(text + begin, length);
  store<i32>(out, number);
  if (number >= 0) return out + 4;
  store<u32>(out, begin, 4);
  store<u32>(out, length, 8);
  without++;
  return out + 12;
}
