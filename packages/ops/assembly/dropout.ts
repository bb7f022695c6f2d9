import { address, float, int } from "@cramkit/wasm-kit/assembly/arguments";

const BLOCK: i32 = 16384;

// The hash of src/dropout/hash.ts on four lanes.

// @ts-ignore: decorator
@inline
function mix4(value: v128): v128 {
  let x = value;
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), i32x4.splat(0x7feb352d));
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), i32x4.splat(<i32>0x846ca68b));
  return v128.xor(x, i32x4.shr_u(x, 16));
}

/** What to multiply positions i..i+3 with: `scale` where kept, else 0. */
// @ts-ignore: decorator
@inline
export function dropoutScale(i: i32, key0: i32, key1: i32, threshold: i32, scale: f32): v128 {
  const position = i32x4.add(i32x4.splat(i), i32x4(0, 1, 2, 3));
  const hash = mix4(i32x4.add(mix4(v128.xor(position, i32x4.splat(key0))), i32x4.splat(key1)));
  return v128.and(v128.ge<u32>(hash, i32x4.splat(threshold)), f32x4.splat(scale));
}

/** ints: x, y, n, key 0, key 1, threshold; floats: scale */
export function dropoutTask(args: usize, task: i32, thread: i32): void {
  const first = task * BLOCK, last = min(int(args, 2), first + BLOCK);
  const x = address(args, 0), y = address(args, 1);
  const key0 = int(args, 3), key1 = int(args, 4), threshold = int(args, 5), scale = float(args, 0);
  for (let i = first; i < last; i += 4) {
    const at = <usize>i << 2;
    v128.store(y + at, f32x4.mul(v128.load(x + at), dropoutScale(i, key0, key1, threshold, scale)));
  }
}
