// Finds the anchors of windows: what `createAnchorScanner` does in script, with the same numbers. The caller lays out the memory.

let anchorBytes: u32 = 0;
let windowBytes: u32 = 0;
let grams: u32 = 0;
let top: u32 = 0; // base ** anchorBytes
let secondTop: u32 = 0;
let ringMask: u32 = 0;

let text: usize = 0;
let ring: usize = 0; // of two numbers a gram: what the choice goes by, and the hash
let hashes: usize = 0;
let firsts: usize = 0;
let lasts: usize = 0;
let places: usize = 0;

export function setUp(textAt: usize, ringAt: usize, hashesAt: usize, firstsAt: usize, lastsAt: usize, placesAt: usize): void {
  text = textAt; ring = ringAt; hashes = hashesAt; firsts = firstsAt; lasts = lastsAt; places = placesAt;
}

export function setSizes(window: u32, anchor: u32, ringElements: u32, base: u32, secondBase: u32): void {
  windowBytes = window;
  anchorBytes = anchor;
  grams = window - anchor + 1;
  ringMask = ringElements - 1;
  top = 1;
  secondTop = 1;
  for (let i: u32 = 0; i < anchor; i++) {
    top *= base;
    secondTop *= secondBase;
  }
}

// @ts-ignore: decorator
@inline
function finish(hash: u32): u32 {
  let mixed = (hash ^ (hash >>> 16)) * 0x85ebca6b;
  mixed = (mixed ^ (mixed >>> 13)) * 0xc2b2ae35;
  return mixed ^ (mixed >>> 16);
}

/** Writes the anchor of each run of windows of the first `bytes` bytes of the text, and returns how many there are. */
export function scan(bytes: u32, base: u32, secondBase: u32): u32 {
  if (bytes < windowBytes) return 0;
  const lastGram = bytes - anchorBytes;
  let rolling: u32 = 0, second: u32 = 0;
  for (let i: u32 = 0; i < anchorBytes; i++) {
    const byte = <u32>load<u8>(text + i);
    rolling = rolling * base + byte;
    second = second * secondBase + byte;
  }
  let least: i32 = i32.MAX_VALUE;
  let leastAt: i32 = -1;
  let anchor: i32 = -1;
  let first: u32 = 0;
  let count: usize = 0;
  for (let gram: u32 = 0; ; gram++) {
    const value = <i32>((rolling ^ (rolling >>> 15)) * 0x2c1b3c6d);
    const cell = ring + (<usize>(gram & ringMask) << 3);
    store<i32>(cell, value);
    store<u32>(cell, second, 4);
    if (value <= least) {
      least = value;
      leastAt = gram;
    }
    if (gram + 1 >= grams) {
      const window = <i32>(gram + 1 - grams);
      if (leastAt < window) {
        least = i32.MAX_VALUE;
        for (let i = window; i <= <i32>gram; i++) {
          const candidate = load<i32>(ring + (<usize>(i & ringMask) << 3));
          if (candidate <= least) {
            least = candidate;
            leastAt = i;
          }
        }
      }
      if (leastAt != anchor) {
        if (anchor >= 0) {
          store<u32>(hashes + count, finish(load<u32>(ring + (<usize>(anchor & ringMask) << 3), 4)));
          store<u32>(firsts + count, first);
          store<u32>(lasts + count, window - 1);
          store<u32>(places + count, anchor);
          count += 4;
        }
        anchor = leastAt;
        first = window;
      }
    }
    if (gram == lastGram) break;
    const leaves = <u32>load<u8>(text + gram), comes = <u32>load<u8>(text + gram + anchorBytes);
    // What leaves is taken away beside the product: the next step waits for a product and a sum alone.
    rolling = rolling * base + (comes - leaves * top);
    second = second * secondBase + (comes - leaves * secondTop);
  }
  store<u32>(hashes + count, finish(load<u32>(ring + (<usize>(anchor & ringMask) << 3), 4)));
  store<u32>(firsts + count, first);
  store<u32>(lasts + count, bytes - windowBytes);
  store<u32>(places + count, anchor);
  return <u32>(count >>> 2) + 1;
}
