import { address, float, int } from "@cramkit/wasm-kit/assembly/arguments";
import { fma } from "@cramkit/wasm-kit/assembly/gemm";
import { loadTail, storeTail, sumLanes } from "./math";

/** y = (x - mean) rstd weight + bias (or none, if that is 0) for one row; the mean and rstd are stored. */
// @ts-ignore: decorator
@inline
function layerNormRow(
  x: usize, weight: usize, bias: usize, y: usize, meanAt: usize, rstdAt: usize, n: i32, epsilon: f32,
): void {
  const bytes = <usize>n << 2, whole = bytes & ~15, rest = n & 3;
  const scale = <f32>1 / <f32>n;
  let sum = f32x4.splat(0);
  for (let i: usize = 0; i < whole; i += 16) sum = f32x4.add(sum, v128.load(x + i));
  if (rest) sum = f32x4.add(sum, loadTail(x + whole, rest));
  const mean = sumLanes(sum) * scale, means = f32x4.splat(mean);
  let squares = f32x4.splat(0);
  for (let i: usize = 0; i < whole; i += 16) {
    const d = f32x4.sub(v128.load(x + i), means);
    squares = fma(d, d, squares);
  }
  let square = sumLanes(squares);
  for (let i = whole; i < bytes; i += 4) {
    const d = load<f32>(x + i) - mean;
    square += d * d;
  }
  const rstd = <f32>(1 / Math.sqrt(<f64>(square * scale) + <f64>epsilon)), rstds = f32x4.splat(rstd);
  store<f32>(meanAt, mean);
  store<f32>(rstdAt, rstd);
  for (let i: usize = 0; i < whole; i += 16) {
    let v = f32x4.mul(f32x4.mul(f32x4.sub(v128.load(x + i), means), rstds), v128.load(weight + i));
    if (bias) v = f32x4.add(v, v128.load(bias + i));
    v128.store(y + i, v);
  }
  for (let i = whole; i < bytes; i += 4) {
    let v = (load<f32>(x + i) - mean) * rstd * load<f32>(weight + i);
    if (bias) v += load<f32>(bias + i);
    store<f32>(y + i, v);
  }
}

/** y = x rstd weight for one row; rstd is stored. */
// @ts-ignore: decorator
@inline
function rmsNormRow(x: usize, weight: usize, y: usize, rstdAt: usize, n: i32, epsilon: f32): void {
  const bytes = <usize>n << 2, whole = bytes & ~15, rest = n & 3;
  let squares = f32x4.splat(0);
  for (let i: usize = 0; i < whole; i += 16) squares = fma(v128.load(x + i), v128.load(x + i), squares);
  if (rest) squares = fma(loadTail(x + whole, rest), loadTail(x + whole, rest), squares);
  const rstd = <f32>(1 / Math.sqrt(<f64>(sumLanes(squares) / <f32>n) + <f64>epsilon));
  const rstds = f32x4.splat(rstd);
  store<f32>(rstdAt, rstd);
  for (let i: usize = 0; i < whole; i += 16) {
    v128.store(y + i, f32x4.mul(f32x4.mul(v128.load(x + i), rstds), v128.load(weight + i)));
  }
  for (let i = whole; i < bytes; i += 4) store<f32>(y + i, load<f32>(x + i) * rstd * load<f32>(weight + i));
}

/** ints: x, weight, bias or 0, y, mean, rstd, rows, n, rowsPerTask; floats: epsilon */
export function layerNormTask(args: usize, task: i32, thread: i32): void {
  const n = int(args, 7), perTask = int(args, 8), first = task * perTask;
  const last = min(int(args, 6), first + perTask);
  const bytes = <usize>n << 2, epsilon = float(args, 0);
  const weight = address(args, 1), bias = address(args, 2);
  for (let row = first; row < last; row++) {
    const offset = <usize>row * bytes, at = <usize>row << 2;
    layerNormRow(
      address(args, 0) + offset, weight, bias, address(args, 3) + offset, address(args, 4) + at, address(args, 5) + at,
      n, epsilon,
    );
  }
}

/** ints: x, weight, y, rstd, rows, n, rowsPerTask; floats: epsilon */
export function rmsNormTask(args: usize, task: i32, thread: i32): void {
  const n = int(args, 5), perTask = int(args, 6), first = task * perTask;
  const last = min(int(args, 4), first + perTask);
  const bytes = <usize>n << 2, epsilon = float(args, 0), weight = address(args, 1);
  for (let row = first; row < last; row++) {
    const offset = <usize>row * bytes;
    rmsNormRow(address(args, 0) + offset, weight, address(args, 2) + offset, address(args, 3) + (<usize>row << 2), n, epsilon);
  }
}

/**
 * sum = x + branch (which may be where the sum will be), y = the norm of the sum, whose mean and rstd are stats[0][row] and
 * stats[1][row].
 * ints: x, branch, weight, bias or 0, sum, y, stats, rows, n, rowsPerTask, layer (1) or RMS (0) norm; floats: epsilon
 */
export function residualNormTask(args: usize, task: i32, thread: i32): void {
  const weight = address(args, 2), bias = address(args, 3), stats = address(args, 6);
  const rows = int(args, 7), n = int(args, 8), perTask = int(args, 9), layer = int(args, 10) != 0;
  const epsilon = float(args, 0);
  const first = task * perTask, last = min(rows, first + perTask);
  const bytes = <usize>n << 2, whole = bytes & ~15, rest = n & 3;
  for (let row = first; row < last; row++) {
    const offset = <usize>row * bytes;
    const x = address(args, 0) + offset, branch = address(args, 1) + offset;
    const sum = address(args, 4) + offset, y = address(args, 5) + offset;
    for (let i: usize = 0; i < whole; i += 16) {
      v128.store(sum + i, f32x4.add(v128.load(x + i), v128.load(branch + i)));
    }
    if (rest) storeTail(sum + whole, f32x4.add(loadTail(x + whole, rest), loadTail(branch + whole, rest)), rest);
    const meanAt = stats + (<usize>row << 2), rstdAt = stats + (<usize>(rows + row) << 2);
    if (layer) layerNormRow(sum, weight, bias, y, meanAt, rstdAt, n, epsilon);
    else {
      store<f32>(meanAt, 0);
      rmsNormRow(sum, weight, y, rstdAt, n, epsilon);
    }
  }
}

/**
 * dx of layer norm, or of RMS norm where `mean` is 0, and this task's partial sums of dweight and dbias.
 * ints: dy, x, weight, mean or 0, rstd, dx, partial dweight [tasks][n], partial dbias [tasks][n], rows,
 * n, rowsPerTask, what is added to dx, or 0
 */
export function normGradTask(args: usize, task: i32, thread: i32): void {
  const weight = address(args, 2), centered = address(args, 3) != 0, upstream = address(args, 11);
  const n = int(args, 9), perTask = int(args, 10), first = task * perTask;
  const last = min(int(args, 8), first + perTask);
  const bytes = <usize>n << 2, whole = bytes & ~15, rest = n & 3;
  const dweight = address(args, 6) + <usize>task * bytes, dbias = address(args, 7) + <usize>task * bytes;
  memory.fill(dweight, 0, bytes);
  memory.fill(dbias, 0, bytes);
  for (let row = first; row < last; row++) {
    const offset = <usize>row * bytes;
    const dy = address(args, 0) + offset, x = address(args, 1) + offset, dx = address(args, 5) + offset;
    const mean = centered ? load<f32>(address(args, 3) + (<usize>row << 2)) : 0, means = f32x4.splat(mean);
    const rstd = load<f32>(address(args, 4) + (<usize>row << 2)), rstds = f32x4.splat(rstd);
    let sumG = f32x4.splat(0), sumGX = f32x4.splat(0);
    for (let i: usize = 0; i < whole; i += 16) {
      const d = v128.load(dy + i);
      const xhat = f32x4.mul(f32x4.sub(v128.load(x + i), means), rstds);
      const g = f32x4.mul(d, v128.load(weight + i));
      sumG = f32x4.add(sumG, g);
      sumGX = fma(g, xhat, sumGX);
      v128.store(dweight + i, fma(d, xhat, v128.load(dweight + i)));
      v128.store(dbias + i, f32x4.add(d, v128.load(dbias + i)));
    }
    if (rest) {
      const d = loadTail(dy + whole, rest);
      const xhat = f32x4.mul(f32x4.sub(loadTail(x + whole, rest), means), rstds);
      const g = f32x4.mul(d, loadTail(weight + whole, rest));
      sumG = f32x4.add(sumG, g);
      sumGX = fma(g, xhat, sumGX);
      storeTail(dweight + whole, fma(d, xhat, loadTail(dweight + whole, rest)), rest);
      storeTail(dbias + whole, f32x4.add(d, loadTail(dbias + whole, rest)), rest);
    }
    const meanG = centered ? f32x4.splat(sumLanes(sumG) / <f32>n) : f32x4.splat(0);
    const meanGX = f32x4.splat(sumLanes(sumGX) / <f32>n);
    if (upstream) {
      const more = upstream + offset;
      for (let i: usize = 0; i < whole; i += 16) {
        const xhat = f32x4.mul(f32x4.sub(v128.load(x + i), means), rstds);
        const g = f32x4.mul(v128.load(dy + i), v128.load(weight + i));
        const d = f32x4.mul(rstds, f32x4.sub(f32x4.sub(g, meanG), f32x4.mul(xhat, meanGX)));
        v128.store(dx + i, f32x4.add(v128.load(more + i), d));
      }
    } else {
      for (let i: usize = 0; i < whole; i += 16) {
        const xhat = f32x4.mul(f32x4.sub(v128.load(x + i), means), rstds);
        const g = f32x4.mul(v128.load(dy + i), v128.load(weight + i));
        v128.store(dx + i, f32x4.mul(rstds, f32x4.sub(f32x4.sub(g, meanG), f32x4.mul(xhat, meanGX))));
      }
    }
    if (rest) {
      const xhat = f32x4.mul(f32x4.sub(loadTail(x + whole, rest), means), rstds);
      const g = f32x4.mul(loadTail(dy + whole, rest), loadTail(weight + whole, rest));
      let d = f32x4.mul(rstds, f32x4.sub(f32x4.sub(g, meanG), f32x4.mul(xhat, meanGX)));
      if (upstream) d = f32x4.add(loadTail(upstream + offset + whole, rest), d);
      storeTail(dx + whole, d, rest);
    }
  }
}
