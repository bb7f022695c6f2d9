import { address, float, int } from "@cramkit/wasm-kit/assembly/arguments";
import { fma } from "@cramkit/wasm-kit/assembly/gemm";
import { loadTail, storeTail, sumLanes } from "./math";

/** ints: x, weight, bias or 0, y, mean, rstd, rows, n, rowsPerTask; floats: epsilon */
export function layerNormTask(args: usize, task: i32, thread: i32): void {
  const weight = address(args, 1), bias = address(args, 2);
  const n = int(args, 7), perTask = int(args, 8), first = task * perTask;
  const last = min(int(args, 6), first + perTask);
  const bytes = <usize>n << 2, whole = bytes & ~15, rest = n & 3;
  const epsilon = float(args, 0), scale = <f32>1 / <f32>n;
  for (let row = first; row < last; row++) {
    const x = address(args, 0) + <usize>row * bytes, y = address(args, 3) + <usize>row * bytes;
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
    store<f32>(address(args, 4) + (<usize>row << 2), mean);
    store<f32>(address(args, 5) + (<usize>row << 2), rstd);
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
}

/** ints: x, weight, y, rstd, rows, n, rowsPerTask; floats: epsilon */
export function rmsNormTask(args: usize, task: i32, thread: i32): void {
  const weight = address(args, 1);
  const n = int(args, 5), perTask = int(args, 6), first = task * perTask;
  const last = min(int(args, 4), first + perTask);
  const bytes = <usize>n << 2, whole = bytes & ~15, rest = n & 3;
  for (let row = first; row < last; row++) {
    const x = address(args, 0) + <usize>row * bytes, y = address(args, 2) + <usize>row * bytes;
    let squares = f32x4.splat(0);
    for (let i: usize = 0; i < whole; i += 16) squares = fma(v128.load(x + i), v128.load(x + i), squares);
    if (rest) squares = fma(loadTail(x + whole, rest), loadTail(x + whole, rest), squares);
    const rstd = <f32>(1 / Math.sqrt(<f64>(sumLanes(squares) / <f32>n) + <f64>float(args, 0)));
    const rstds = f32x4.splat(rstd);
    store<f32>(address(args, 3) + (<usize>row << 2), rstd);
    for (let i: usize = 0; i < whole; i += 16) {
      v128.store(y + i, f32x4.mul(f32x4.mul(v128.load(x + i), rstds), v128.load(weight + i)));
    }
    for (let i = whole; i < bytes; i += 4) store<f32>(y + i, load<f32>(x + i) * rstd * load<f32>(weight + i));
  }
}

/**
 * dx of layer norm, or of RMS norm where `mean` is 0, and this task's partial sums of dweight and dbias.
 * ints: dy, x, weight, mean or 0, rstd, dx, partial dweight [tasks][n], partial dbias [tasks][n], rows,
 * n, rowsPerTask
 */
export function normGradTask(args: usize, task: i32, thread: i32): void {
  const weight = address(args, 2), centered = address(args, 3) != 0;
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
    for (let i: usize = 0; i < whole; i += 16) {
      const xhat = f32x4.mul(f32x4.sub(v128.load(x + i), means), rstds);
      const g = f32x4.mul(v128.load(dy + i), v128.load(weight + i));
      v128.store(dx + i, f32x4.mul(rstds, f32x4.sub(f32x4.sub(g, meanG), f32x4.mul(xhat, meanGX))));
    }
    if (rest) {
      const xhat = f32x4.mul(f32x4.sub(loadTail(x + whole, rest), means), rstds);
      const g = f32x4.mul(loadTail(dy + whole, rest), loadTail(weight + whole, rest));
      storeTail(dx + whole, f32x4.mul(rstds, f32x4.sub(f32x4.sub(g, meanG), f32x4.mul(xhat, meanGX))), rest);
    }
  }
}
