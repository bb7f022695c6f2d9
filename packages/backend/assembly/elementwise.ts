import { address, float, int } from "./arguments";

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

// Buffers are padded to 64 bytes, so the last vector of an array may run over its end: what it writes there is padding.
// @ts-ignore: decorator
@inline
function binaryLoop(op: i32, a: usize, b: usize, y: usize, n: i32, mode: i32): void {
  const end = y + (<usize>n << 2);
  if (mode == 0) {
    while (y < end) {
      v128.store(y, apply(op, v128.load(a), v128.load(b)));
      a += 16; b += 16; y += 16;
    }
  } else if (mode == 1) {
    const s = v128.load32_splat(b);
    while (y < end) {
      v128.store(y, apply(op, v128.load(a), s));
      a += 16; y += 16;
    }
  } else {
    const s = v128.load32_splat(a);
    while (y < end) {
      v128.store(y, apply(op, s, v128.load(b)));
      b += 16; y += 16;
    }
  }
}

/**
 * y = a op b. ints: op (add, sub, mul, div, max, min), mode (0: same shape, 1: b is one number, 2: a is one number),
 * a, b, y, n
 */
export function binaryTask(args: usize, task: i32, thread: i32): void {
  const op = int(args, 0), mode = int(args, 1);
  const first = <usize>task * BLOCK << 2;
  const a = address(args, 2) + (mode == 2 ? 0 : first);
  const b = address(args, 3) + (mode == 1 ? 0 : first);
  const y = address(args, 4) + first;
  const n = min(BLOCK, int(args, 5) - task * BLOCK);
  if (op == 0) binaryLoop(0, a, b, y, n, mode);
  else if (op == 1) binaryLoop(1, a, b, y, n, mode);
  else if (op == 2) binaryLoop(2, a, b, y, n, mode);
  else if (op == 3) binaryLoop(3, a, b, y, n, mode);
  else if (op == 4) binaryLoop(4, a, b, y, n, mode);
  else binaryLoop(5, a, b, y, n, mode);
}

/** y[rows][n] = a[rows][n] op b[n], task = a row block. ints: op, a, b, y, rows, n, rowsPerTask */
export function binaryRowsTask(args: usize, task: i32, thread: i32): void {
  const op = int(args, 0);
  const n = int(args, 5), perTask = int(args, 6);
  const first = task * perTask, last = min(int(args, 4), first + perTask);
  const b = address(args, 2);
  for (let row = first; row < last; row++) {
    const offset = <usize>row * <usize>n << 2;
    const a = address(args, 1) + offset, y = address(args, 3) + offset;
    let i: usize = 0;
    const bytes = <usize>n << 2;
    for (; i + 16 <= bytes; i += 16) {
      const x = v128.load(a + i), z = v128.load(b + i);
      let r = f32x4.add(x, z);
      if (op == 1) r = f32x4.sub(x, z);
      else if (op == 2) r = f32x4.mul(x, z);
      else if (op == 3) r = f32x4.div(x, z);
      else if (op == 4) r = f32x4.max(x, z);
      else if (op == 5) r = f32x4.min(x, z);
      v128.store(y + i, r);
    }
    for (; i < bytes; i += 4) {
      const x = f32x4.splat(load<f32>(a + i)), z = f32x4.splat(load<f32>(b + i));
      let r = f32x4.add(x, z);
      if (op == 1) r = f32x4.sub(x, z);
      else if (op == 2) r = f32x4.mul(x, z);
      else if (op == 3) r = f32x4.div(x, z);
      else if (op == 4) r = f32x4.max(x, z);
      else if (op == 5) r = f32x4.min(x, z);
      store<f32>(y + i, f32x4.extract_lane(r, 0));
    }
  }
}

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
