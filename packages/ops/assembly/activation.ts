import { address, int } from "@cramkit/wasm-kit/assembly/arguments";
import { erf4, exp4, geluSlope4, loadTail, storeTail } from "./math";

const BLOCK: i32 = 8192;

// Activations by number, as in cpu.ts of glu: 0 gelu, 1 relu, 2 silu, 3 mish.

// Variables, as in math.ts.
let half: v128 = f32x4.splat(0.5);
let sqrtHalf: v128 = f32x4.splat(0.70710678118);

// @ts-ignore: decorator
@inline
function normalCdf(x: v128): v128 {
  return f32x4.add(f32x4.mul(erf4(f32x4.mul(x, sqrtHalf)), half), half);
}

// @ts-ignore: decorator
@inline
function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))));
}

/** tanh(softplus(x)) = n / (n + 2) with n = e^x (e^x + 2); 1 in float32 from x = 20 on. */
// @ts-ignore: decorator
@inline
function tanhSoftplus(x: v128): v128 {
  const two = f32x4.splat(2), e = exp4(f32x4.min(x, f32x4.splat(20)));
  const n = f32x4.mul(e, f32x4.add(e, two));
  return f32x4.div(n, f32x4.add(n, two));
}

// @ts-ignore: decorator
@inline
function value(kind: i32, x: v128): v128 {
  if (kind == 0) return f32x4.mul(x, normalCdf(x));
  if (kind == 1) return f32x4.max(x, f32x4.splat(0));
  if (kind == 2) return f32x4.mul(x, sigmoid(x));
  return f32x4.mul(x, tanhSoftplus(x));
}

// @ts-ignore: decorator
@inline
function derivative(kind: i32, x: v128): v128 {
  const one = f32x4.splat(1);
  if (kind == 0) return geluSlope4(x);
  if (kind == 1) return v128.and(f32x4.gt(x, f32x4.splat(0)), one);
  const s = sigmoid(x);
  if (kind == 2) return f32x4.add(s, f32x4.mul(f32x4.mul(x, s), f32x4.sub(one, s)));
  const t = tanhSoftplus(x);
  return f32x4.add(t, f32x4.mul(f32x4.mul(x, f32x4.sub(one, f32x4.mul(t, t))), s));
}

// Buffers are padded to 64 bytes: the last vector may run over the end.

/** ints: x, y, n */
export function geluTask(args: usize, task: i32, thread: i32): void {
  const first = <usize>task * BLOCK << 2;
  let x = address(args, 0) + first, y = address(args, 1) + first;
  const end = x + (<usize>min(BLOCK, int(args, 2) - task * BLOCK) << 2);
  for (; x < end; x += 32) {
    const a = value(0, v128.load(x)), b = value(0, v128.load(x, 16));
    v128.store(y, a);
    v128.store(y, b, 16);
    y += 32;
  }
}

/** ints: dy, x, dx, n */
export function geluGradTask(args: usize, task: i32, thread: i32): void {
  const first = <usize>task * BLOCK << 2;
  let dy = address(args, 0) + first, x = address(args, 1) + first, dx = address(args, 2) + first;
  const end = x + (<usize>min(BLOCK, int(args, 3) - task * BLOCK) << 2);
  for (; x < end; x += 32) {
    const a = f32x4.mul(v128.load(dy), derivative(0, v128.load(x)));
    const b = f32x4.mul(v128.load(dy, 16), derivative(0, v128.load(x, 16)));
    v128.store(dx, a);
    v128.store(dx, b, 16);
    dy += 32;
    dx += 32;
  }
}

// @ts-ignore: decorator
@inline
function gluRows(kind: i32, x: usize, y: usize, rows: i32, n: i32): void {
  const bytes = <usize>n << 2, whole = bytes & ~15, rest = n & 3;
  for (let row = 0; row < rows; row++) {
    const g = x + bytes;
    for (let i: usize = 0; i < whole; i += 16) {
      v128.store(y + i, f32x4.mul(value(kind, v128.load(g + i)), v128.load(x + i)));
    }
    if (rest) storeTail(y + whole, f32x4.mul(value(kind, loadTail(g + whole, rest)), loadTail(x + whole, rest)), rest);
    x += 2 * bytes;
    y += bytes;
  }
}

/** ints: kind, x [rows][2n], y [rows][n], rows, n, rowsPerTask */
export function gluTask(args: usize, task: i32, thread: i32): void {
  const kind = int(args, 0), n = int(args, 4), perTask = int(args, 5), first = task * perTask;
  const rows = min(perTask, int(args, 3) - first);
  const x = address(args, 1) + (<usize>first * <usize>n << 3), y = address(args, 2) + (<usize>first * <usize>n << 2);
  if (kind == 0) gluRows(0, x, y, rows, n);
  else if (kind == 1) gluRows(1, x, y, rows, n);
  else if (kind == 2) gluRows(2, x, y, rows, n);
  else gluRows(3, x, y, rows, n);
}

// @ts-ignore: decorator
@inline
function gluGradRows(kind: i32, dy: usize, x: usize, dx: usize, rows: i32, n: i32): void {
  const bytes = <usize>n << 2, whole = bytes & ~15, rest = n & 3;
  for (let row = 0; row < rows; row++) {
    const g = x + bytes, dg = dx + bytes;
    for (let i: usize = 0; i < whole; i += 16) {
      const upstream = v128.load(dy + i), gate = v128.load(g + i);
      v128.store(dx + i, f32x4.mul(upstream, value(kind, gate)));
      v128.store(dg + i, f32x4.mul(f32x4.mul(upstream, v128.load(x + i)), derivative(kind, gate)));
    }
    if (rest) {
      const upstream = loadTail(dy + whole, rest), gate = loadTail(g + whole, rest);
      storeTail(dx + whole, f32x4.mul(upstream, value(kind, gate)), rest);
      const through = f32x4.mul(upstream, loadTail(x + whole, rest));
      storeTail(dg + whole, f32x4.mul(through, derivative(kind, gate)), rest);
    }
    dy += bytes;
    x += 2 * bytes;
    dx += 2 * bytes;
  }
}

/** ints: kind, dy [rows][n], x [rows][2n], dx [rows][2n], rows, n, rowsPerTask */
export function gluGradTask(args: usize, task: i32, thread: i32): void {
  const kind = int(args, 0), n = int(args, 5), perTask = int(args, 6), first = task * perTask;
  const rows = min(perTask, int(args, 4) - first);
  const row = <usize>first * <usize>n << 2;
  const dy = address(args, 1) + row, x = address(args, 2) + 2 * row, dx = address(args, 3) + 2 * row;
  if (kind == 0) gluGradRows(0, dy, x, dx, rows, n);
  else if (kind == 1) gluGradRows(1, dy, x, dx, rows, n);
  else if (kind == 2) gluGradRows(2, dy, x, dx, rows, n);
  else gluGradRows(3, dy, x, dx, rows, n);
}
