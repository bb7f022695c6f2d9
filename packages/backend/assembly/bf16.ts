import { address, int } from "@cramkit/wasm-kit/assembly/arguments";

/** Four float32 as bf16 in the lower halves of the lanes: to nearest, ties to even; a NaN stays one. */
// @ts-ignore: decorator
@inline
function rounded(x: v128): v128 {
  const odd = v128.and(i32x4.shr_u(x, 16), i32x4.splat(1));
  const nearest = i32x4.shr_u(i32x4.add(x, i32x4.add(i32x4.splat(0x7fff), odd)), 16);
  const quiet = v128.or(i32x4.shr_u(x, 16), i32x4.splat(0x40));
  return v128.bitselect(quiet, nearest, f32x4.ne(x, x));
}

/**
 * Rounds a matrix of float32 to bf16, without gaps between the rows of the result.
 * ints: source, bytes from row to row of it, target, rows, columns, rows of one task
 */
export function bf16Task(args: usize, task: i32, thread: i32): void {
  const stride = <usize>int(args, 1), columns = int(args, 4), perTask = int(args, 5);
  const first = task * perTask, last = min(first + perTask, int(args, 3));
  const vectors = columns & ~7;
  for (let row = first; row < last; row++) {
    let from = address(args, 0) + <usize>row * stride;
    let to = address(args, 2) + (<usize>row * <usize>columns << 1);
    for (let j = 0; j < vectors; j += 8) {
      v128.store(to, i16x8.narrow_i32x4_u(rounded(v128.load(from)), rounded(v128.load(from, 16))));
      from += 32;
      to += 16;
    }
    for (let j = vectors; j < columns; j++) {
      store<u16>(to, <u16>i32x4.extract_lane(rounded(v128.load32_zero(from)), 0));
      from += 4;
      to += 2;
    }
  }
}
