import { address, float, int } from "@cramkit/wasm-kit/assembly/arguments";
import { sumColumns } from "@cramkit/wasm-kit/assembly/sum-columns";

/**
 * y[row] = scale * the sum of x[row][0..n), summed in float64 lanes in a fixed order.
 * ints: x, y, rows, n, rowsPerTask; floats: scale
 */
export function sumRowsTask(args: usize, task: i32, thread: i32): void {
  const n = int(args, 3), perTask = int(args, 4);
  const first = task * perTask, last = min(int(args, 2), first + perTask);
  const scale = <f64>float(args, 0);
  for (let row = first; row < last; row++) {
    let x = address(args, 0) + (<usize>row * <usize>n << 2);
    const end = x + (<usize>n << 2);
    let lo = f64x2.splat(0), hi = lo;
    for (; x + 16 <= end; x += 16) {
      const v = v128.load(x);
      lo = f64x2.add(lo, f64x2.promote_low_f32x4(v));
      hi = f64x2.add(hi, f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 0)));
    }
    const sums = f64x2.add(lo, hi);
    let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
    for (; x < end; x += 4) sum += <f64>load<f32>(x);
    store<f32>(address(args, 1) + (<usize>row << 2), <f32>(sum * scale));
  }
}

/**
 * Partial sums over the middle axis of x [outer, rows, n]: partial[outer][block][n] = scale * the sum over a block of rows,
 * task = some of the `outer * blocks` sums. ints: x, partial, rows, n, rowsPerBlock, blocks, sums, sumsPerTask; floats: scale
 */
export function sumColumnsTask(args: usize, task: i32, thread: i32): void {
  const rows = int(args, 2), n = int(args, 3), perBlock = int(args, 4), blocks = int(args, 5), perTask = int(args, 7);
  const scale = float(args, 0);
  const end = min(int(args, 6), (task + 1) * perTask);
  for (let sum = task * perTask; sum < end; sum++) {
    const first = sum % blocks * perBlock, last = min(rows, first + perBlock);
    const x = address(args, 0) + ((<usize>(sum / blocks) * <usize>rows + <usize>first) * <usize>n << 2);
    const y = address(args, 1) + (<usize>sum * <usize>n << 2);
    sumColumns(x, y, last - first, n);
    if (scale != 1) for (let i = 0; i < n; i++) store<f32>(y + (<usize>i << 2), load<f32>(y + (<usize>i << 2)) * scale);
  }
}
