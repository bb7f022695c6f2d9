import { address, float, int } from "@cramkit/wasm-kit/assembly/arguments";

/** Elements of one task. */
const BLOCK: i32 = 16384;

// @ts-ignore: decorator
@inline
function apply(op: i32, x: v128, y: v128): v128 {
  if (op == 0) return f32x4.add(x, y);
  if (op == 1) return f32x4.sub(x, y);
  if (op == 2) return f32x4.mul(x, y);
  if (op == 3) return f32x4.div(x, y);
  if (op == 4) return f32x4.max(x, y);
  return f32x4.min(x, y);
}

/** y[i] = a[i] op b[i], i < n. mode 1: b is one number; mode 2: a is one. */
// @ts-ignore: decorator
@inline
function binaryLoop(op: i32, a: usize, b: usize, y: usize, n: i32, mode: i32): void {
  const stepA: usize = mode == 2 ? 0 : 1, stepB: usize = mode == 1 ? 0 : 1;
  const vectors = y + (<usize>(n & ~3) << 2), end = y + (<usize>n << 2);
  while (y < vectors) {
    const p = mode == 2 ? v128.load32_splat(a) : v128.load(a);
    const q = mode == 1 ? v128.load32_splat(b) : v128.load(b);
    v128.store(y, apply(op, p, q));
    a += stepA << 4; b += stepB << 4; y += 16;
  }
  while (y < end) {
    v128.store32_lane(y, apply(op, v128.load32_splat(a), v128.load32_splat(b)), 0);
    a += stepA << 2; b += stepB << 2; y += 4;
  }
}

// @ts-ignore: decorator
@inline
function binaryOfMode(op: i32, a: usize, b: usize, y: usize, n: i32, mode: i32): void {
  if (mode == 0) binaryLoop(op, a, b, y, n, 0);
  else if (mode == 1) binaryLoop(op, a, b, y, n, 1);
  else binaryLoop(op, a, b, y, n, 2);
}

function binary(op: i32, a: usize, b: usize, y: usize, n: i32, mode: i32): void {
  if (op == 0) binaryOfMode(0, a, b, y, n, mode);
  else if (op == 1) binaryOfMode(1, a, b, y, n, mode);
  else if (op == 2) binaryOfMode(2, a, b, y, n, mode);
  else if (op == 3) binaryOfMode(3, a, b, y, n, mode);
  else if (op == 4) binaryOfMode(4, a, b, y, n, mode);
  else binaryOfMode(5, a, b, y, n, mode);
}

/**
 * y = a op b. ints: op (add, sub, mul, div, max, min), mode (0: same shape, 1: b is one number, 2: a is one number),
 * a, b, y, n
 */
export function binaryTask(args: usize, task: i32, thread: i32): void {
  const mode = int(args, 1);
  const first = <usize>task * BLOCK << 2;
  const a = address(args, 2) + (mode == 2 ? 0 : first);
  const b = address(args, 3) + (mode == 1 ? 0 : first);
  binary(int(args, 0), a, b, address(args, 4) + first, min(BLOCK, int(args, 5) - task * BLOCK), mode);
}

/**
 * y[outer][middle][n] = a op b, either of which may repeat along any of the three axes (stride 0), task = a block of
 * rows. ints: op, mode of a row (as above), a, b, y, rows (outer * middle), n, rowsPerTask, middle, then the strides of a
 * and of b along outer and middle
 */
export function binaryRowsTask(args: usize, task: i32, thread: i32): void {
  const op = int(args, 0), mode = int(args, 1), n = int(args, 6), perTask = int(args, 7), middle = int(args, 8);
  const first = task * perTask, last = min(int(args, 5), first + perTask);
  for (let row = first; row < last; row++) {
    const o = <usize>(row / middle), m = <usize>(row % middle);
    const a = address(args, 2) + (o * address(args, 9) + m * address(args, 10) << 2);
    const b = address(args, 3) + (o * address(args, 11) + m * address(args, 12) << 2);
    binary(op, a, b, address(args, 4) + (<usize>row * <usize>n << 2), n, mode);
  }
}

// Buffers are padded to 64 bytes, so the last vector of an array may run over its end: what it writes there is padding.
// @ts-ignore: decorator
@inline
function unaryLoop(op: i32, x: usize, y: usize, n: i32): void {
  const end = y + (<usize>n << 2), zero = f32x4.splat(0), one = f32x4.splat(1);
  while (y < end) {
    const v = v128.load(x);
    let r = v;
    if (op == 0) r = f32x4.neg(v);
    else if (op == 1) r = f32x4.mul(v, v);
    else if (op == 2) r = f32x4.sqrt(v);
    else if (op == 3) r = f32x4.div(one, f32x4.sqrt(v));
    else if (op == 4) r = f32x4.max(v, zero);
    else r = f32x4.abs(v);
    v128.store(y, r);
    x += 16; y += 16;
  }
}

/** y = op x. ints: op (neg, square, sqrt, rsqrt, relu, abs), x, y, n */
export function unaryTask(args: usize, task: i32, thread: i32): void {
  const op = int(args, 0);
  const first = <usize>task * BLOCK << 2;
  const x = address(args, 1) + first, y = address(args, 2) + first;
  const n = min(BLOCK, int(args, 3) - task * BLOCK);
  if (op == 0) unaryLoop(0, x, y, n);
  else if (op == 1) unaryLoop(1, x, y, n);
  else if (op == 2) unaryLoop(2, x, y, n);
  else if (op == 3) unaryLoop(3, x, y, n);
  else if (op == 4) unaryLoop(4, x, y, n);
  else unaryLoop(5, x, y, n);
}

/** y = value. ints: y, n; floats: value */
export function fillTask(args: usize, task: i32, thread: i32): void {
  const first = <usize>task * BLOCK << 2;
  let y = address(args, 0) + first;
  const end = y + (<usize>min(BLOCK, int(args, 1) - task * BLOCK) << 2);
  const value = f32x4.splat(float(args, 0));
  for (; y < end; y += 16) v128.store(y, value);
}
