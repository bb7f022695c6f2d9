import { address, float, int } from "@cramkit/wasm-kit/assembly/arguments";
import { loadTail, storeTail } from "./math";

/** y = x turned: pairs (i, i + n) of 2n values, with n cosines and n sines in `table`. */
// @ts-ignore: decorator
@inline
function turn(x: usize, table: usize, y: usize, n: i32, direction: f32): void {
  const bytes = <usize>n << 2, whole = bytes & ~15, rest = n & 3, sign = f32x4.splat(direction);
  for (let i: usize = 0; i < whole; i += 16) {
    const a = v128.load(x + i), b = v128.load(x + bytes + i);
    const cos = v128.load(table + i), sin = f32x4.mul(v128.load(table + bytes + i), sign);
    v128.store(y + i, f32x4.sub(f32x4.mul(a, cos), f32x4.mul(b, sin)));
    v128.store(y + bytes + i, f32x4.add(f32x4.mul(b, cos), f32x4.mul(a, sin)));
  }
  if (rest) {
    const a = loadTail(x + whole, rest), b = loadTail(x + bytes + whole, rest);
    const cos = loadTail(table + whole, rest), sin = f32x4.mul(loadTail(table + bytes + whole, rest), sign);
    storeTail(y + whole, f32x4.sub(f32x4.mul(a, cos), f32x4.mul(b, sin)), rest);
    storeTail(y + bytes + whole, f32x4.add(f32x4.mul(b, cos), f32x4.mul(a, sin)), rest);
  }
}

/**
 * Queries and keys turn with the position of their row, values are copied.
 * ints: x [rows][heads][3][headDim], table [seq][headDim], y, rows, seq, heads, headDim, rowsPerTask; floats: direction
 */
export function rotaryTask(args: usize, task: i32, thread: i32): void {
  const seq = int(args, 4), heads = int(args, 5), headDim = int(args, 6), perTask = int(args, 7);
  const first = task * perTask, last = min(int(args, 3), first + perTask), direction = float(args, 0);
  const bytes = <usize>headDim << 2, row = 3 * <usize>heads * bytes;
  let x = address(args, 0) + <usize>first * row, y = address(args, 2) + <usize>first * row;
  for (let i = first; i < last; i++) {
    const table = address(args, 1) + <usize>(i % seq) * bytes;
    for (let head = 0; head < heads; head++) {
      turn(x, table, y, headDim >> 1, direction);
      turn(x + bytes, table, y + bytes, headDim >> 1, direction);
      memory.copy(y + 2 * bytes, x + 2 * bytes, bytes);
      x += 3 * bytes;
      y += 3 * bytes;
    }
  }
}
