import { address, float, int } from "@cramkit/wasm-kit/assembly/arguments";

const BLOCK: i32 = 16384;

// Threefry-2x32 of @cramkit/random on four neighbouring counters: eight words. src/dropout-mask.ts says which is whose.

// @ts-ignore: decorator
@inline
function rotate(x: v128, by: i32): v128 {
  return v128.or(i32x4.shl(x, by), i32x4.shr_u(x, 32 - by));
}

/** What the last `dropoutScales` says of the first and the second four of its eight elements. */
export let firstFour: v128 = i32x4(0, 0, 0, 0);
export let secondFour: v128 = i32x4(0, 0, 0, 0);

/**
 * What to multiply the elements first..first+7 with: `scale` where kept, else 0. `first` is even; `high` is the high word of
 * the counter.
 */
export function dropoutScales(first: i32, high: i32, key0: i32, key1: i32, threshold: i32, scale: f32): void {
  const key2 = 0x1bd11bda ^ key0 ^ key1;
  const k0 = i32x4.splat(key0), k1 = i32x4.splat(key1), k2 = i32x4.splat(key2);
  let x = i32x4.add(i32x4.splat((first >>> 1) + key0), i32x4(0, 1, 2, 3));
  let y = i32x4.splat(high + key1);

  x = i32x4.add(x, y); y = v128.xor(rotate(y, 13), x);
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 15), x);
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 26), x);
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 6), x);
  x = i32x4.add(x, k1); y = i32x4.add(y, i32x4.splat(key2 + 1));

  x = i32x4.add(x, y); y = v128.xor(rotate(y, 17), x);
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 29), x);
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 16), x);
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 24), x);
  x = i32x4.add(x, k2); y = i32x4.add(y, i32x4.splat(key0 + 2));

  x = i32x4.add(x, y); y = v128.xor(rotate(y, 13), x);
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 15), x);
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 26), x);
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 6), x);
  x = i32x4.add(x, k0); y = i32x4.add(y, i32x4.splat(key1 + 3));

  x = i32x4.add(x, y); y = v128.xor(rotate(y, 17), x);
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 29), x);
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 16), x);
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 24), x);
  x = i32x4.add(x, k1); y = i32x4.add(y, i32x4.splat(key2 + 4));

  x = i32x4.add(x, y); y = v128.xor(rotate(y, 13), x);
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 15), x);
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 26), x);
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 6), x);
  x = i32x4.add(x, k2); y = i32x4.add(y, i32x4.splat(key0 + 5));

  const least = i32x4.splat(threshold), kept = f32x4.splat(scale);
  firstFour = v128.and(v128.ge<u32>(v128.shuffle<i32>(x, y, 0, 4, 1, 5), least), kept);
  secondFour = v128.and(v128.ge<u32>(v128.shuffle<i32>(x, y, 2, 6, 3, 7), least), kept);
}

/** ints: x, y, n, key 0, key 1, threshold; floats: scale */
export function dropoutTask(args: usize, task: i32, thread: i32): void {
  const first = task * BLOCK, last = min(int(args, 2), first + BLOCK);
  const x = address(args, 0), y = address(args, 1);
  const key0 = int(args, 3), key1 = int(args, 4), threshold = int(args, 5), scale = float(args, 0);
  for (let i = first; i < last; i += 8) {
    const at = <usize>i << 2;
    dropoutScales(i, 0, key0, key1, threshold, scale);
    v128.store(y + at, f32x4.mul(v128.load(x + at), firstFour));
    if (i + 4 < last) v128.store(y + at + 16, f32x4.mul(v128.load(x + at + 16), secondFour));
  }
}
