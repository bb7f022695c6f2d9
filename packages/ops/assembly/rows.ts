import { address, int } from "@cramkit/wasm-kit/assembly/arguments";
import { sumColumns } from "@cramkit/wasm-kit/assembly/sum-columns";

/** y[i] = x[ids[i]], rows of `bytes`. ints: x, ids, y, count, bytes, rowsPerTask */
export function gatherTask(args: usize, task: i32, thread: i32): void {
  const x = address(args, 0), ids = address(args, 1), y = address(args, 2);
  const bytes = <usize>int(args, 4), perTask = int(args, 5), first = task * perTask;
  const last = min(int(args, 3), first + perTask);
  for (let i = first; i < last; i++) {
    memory.copy(y + <usize>i * bytes, x + <usize>load<i32>(ids + (<usize>i << 2)) * bytes, bytes);
  }
}

/**
 * y[v] = the sum of x[i] over all i with ids[i] = v, in ascending i; y[skip] = 0. A task owns a range of v, so that no
 * two tasks write the same row. ints: x, ids, y, count, n, rows of y, rowsPerTask, skip or -1
 */
export function scatterTask(args: usize, task: i32, thread: i32): void {
  const x = address(args, 0), ids = address(args, 1), y = address(args, 2);
  const count = int(args, 3), n = int(args, 4), perTask = int(args, 6), skip = int(args, 7);
  const first = task * perTask, last = min(int(args, 5), first + perTask);
  const bytes = <usize>n << 2;
  memory.fill(y + <usize>first * bytes, 0, <usize>(last - first) * bytes);
  for (let i = 0; i < count; i++) {
    const id = load<i32>(ids + (<usize>i << 2));
    if (id < first || id >= last || id == skip) continue;
    const from = x + <usize>i * bytes, to = y + <usize>id * bytes;
    let at: usize = 0;
    for (; at + 16 <= bytes; at += 16) v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(from + at)));
    for (; at < bytes; at += 4) store<f32>(to + at, load<f32>(to + at) + load<f32>(from + at));
  }
}

/** partial[task] = the column sums of this task's rows of x. ints: x, partial, rows, n, rowsPerTask */
export function columnSumsTask(args: usize, task: i32, thread: i32): void {
  const n = int(args, 3), perTask = int(args, 4), first = task * perTask;
  const last = min(int(args, 2), first + perTask);
  const bytes = <usize>n << 2;
  sumColumns(address(args, 0) + <usize>first * bytes, address(args, 1) + <usize>task * bytes, last - first, n);
}
