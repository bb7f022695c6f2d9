import { address, float, int } from "@cramkit/wasm-kit/assembly/arguments";
import { multiply } from "@cramkit/wasm-kit/assembly/product";
import { dropoutScales, firstFour, secondFour } from "./dropout";
import { exp4, log64, LOWEST, maxLanes, sumLanes } from "./math";

// A task is one head of one example. Its scores live in the thread's scratch as [seq][padded], with padded = seq rounded
// up to 4; the padding columns get probability 0. `scratch` has, per thread, the packing space of `gemm` last. Rows of all matrices lie within a stride that a library for products takes, too.

/** Queries whose products are computed at once if not all keys are near. */
const BLOCK: i32 = 64;

/** Queries of a block: all of them if every key is near. */
// @ts-ignore: decorator
@inline
function blockOf(seq: i32, reach: i32): i32 {
  return reach >= seq - 1 ? seq : BLOCK;
}

/** The first position that is near to `i`, and the one behind the last. */
// @ts-ignore: decorator
@inline
function firstNear(i: i32, reach: i32): i32 {
  return max<i32>(0, i - reach);
}

// @ts-ignore: decorator
@inline
function endNear(i: i32, seq: i32, reach: i32): i32 {
  return min<i32>(seq, i + reach + 1);
}

/** What to multiply the probabilities of query i and keys j..j+3 with. To be asked for every fourth j, from 0 on. */
// @ts-ignore: decorator
@inline
function dropoutAt(args: usize, task: i32, i: i32, j: i32, threshold: i32): v128 {
  if (j & 4) return secondFour;
  dropoutScales((i << 17) | j, task, int(args, 10), int(args, 11), threshold, float(args, 1));
  return firstFour;
}

/** Score vectors at column j: scaled, and LOWEST if the mask is 0 or the column is not in `from..to-1`. */
// @ts-ignore: decorator
@inline
function scoresAt(row: usize, j: i32, from: i32, to: i32, scale: v128, mask: usize): v128 {
  const lowest = f32x4.splat(LOWEST);
  let s = f32x4.mul(v128.load(row + (<usize>j << 2)), scale);
  if (mask) {
    // Reads at most 12 bytes over the end of the mask, which buffers have.
    s = v128.bitselect(s, lowest, f32x4.ne(v128.load(mask + (<usize>j << 2)), f32x4.splat(0)));
  }
  if (j < from || j + 4 > to) {
    const lanes = i32x4.add(i32x4.splat(j), i32x4(0, 1, 2, 3));
    const isIn = v128.and(i32x4.ge_s(lanes, i32x4.splat(from)), i32x4.lt_s(lanes, i32x4.splat(to)));
    s = v128.bitselect(s, lowest, isIn);
  }
  return s;
}

/**
 * ints: qkv, mask or 0, y, lse, batch, seq, heads, headDim, scratch, scratchStride, key 0, key 1, threshold
 * (0: no dropout), products by the library, reach; floats: scale, 1 / (1 - rate)
 *
 * Scores further than the reach are never computed, but for what rounds a block up to a rectangle.
 */
export function attentionTask(args: usize, task: i32, thread: i32): void {
  const seq = int(args, 5), heads = int(args, 6), headDim = int(args, 7);
  const scratch = address(args, 8) + <usize>thread * address(args, 9);
  const hidden = heads * headDim, example = task / heads, head = task % heads;
  const rowBytes = <usize>hidden * 12, headBytes = <usize>headDim << 2;
  const q = address(args, 0) + <usize>example * <usize>seq * rowBytes + <usize>head * 3 * headBytes;
  const k = q + headBytes, v = k + headBytes;
  const y = address(args, 2) + (<usize>example * <usize>seq * <usize>hidden << 2) + <usize>head * headBytes;
  const lse = address(args, 3) + (<usize>task * <usize>seq << 2);
  const mask = address(args, 1) == 0 ? <usize>0 : address(args, 1) + (<usize>example * <usize>seq << 2);
  const padded = (seq + 3) & ~3, ld = <usize>padded << 2;
  const p = scratch, packing = scratch + <usize>seq * ld;
  const scale = f32x4.splat(float(args, 0));
  const threshold = int(args, 12);
  const library = int(args, 13) != 0, reach = int(args, 14), block = blockOf(seq, reach);

  for (let start = 0; start < seq; start += block) {
    const count = min<i32>(block, seq - start);
    const from = firstNear(start, reach), keys = endNear(start + count - 1, seq, reach) - from;
    const queries = q + <usize>start * rowBytes, near = k + <usize>from * rowBytes;
    const scores = p + <usize>start * ld + (<usize>from << 2);
    multiply(library, count, keys, headDim, queries, rowBytes, 4, near, rowBytes, 4, scores, ld, packing);
  }
  for (let i = 0; i < seq; i++) {
    const row = p + <usize>i * ld;
    const from = firstNear(i, reach), to = endNear(i, seq, reach);
    const first = from & ~7, end = (to + 3) & ~3; // eight columns share the words of a draw of dropout
    memory.fill(row, 0, <usize>first << 2);
    memory.fill(row + (<usize>end << 2), 0, <usize>(padded - end) << 2);
    let top4 = f32x4.splat(LOWEST);
    for (let j = first; j < end; j += 4) {
      const s = scoresAt(row, j, from, to, scale, mask);
      v128.store(row + (<usize>j << 2), s);
      top4 = f32x4.max(top4, s);
    }
    const top = maxLanes(top4);
    if (top <= LOWEST) {
      memory.fill(row, 0, ld);
      store<f32>(lse + (<usize>i << 2), 0);
      continue;
    }
    let sum4 = f32x4.splat(0);
    for (let j = first; j < end; j += 4) {
      const e = exp4(f32x4.sub(v128.load(row + (<usize>j << 2)), f32x4.splat(top)));
      v128.store(row + (<usize>j << 2), e);
      sum4 = f32x4.add(sum4, e);
    }
    const sum = sumLanes(sum4);
    store<f32>(lse + (<usize>i << 2), <f32>(<f64>top + log64(<f64>sum)));
    const inverse = f32x4.splat(1 / sum);
    for (let j = first; j < end; j += 4) {
      let e = f32x4.mul(v128.load(row + (<usize>j << 2)), inverse);
      if (threshold) e = f32x4.mul(e, dropoutAt(args, task, i, j, threshold));
      v128.store(row + (<usize>j << 2), e);
    }
  }
  const outBytes = <usize>hidden << 2;
  for (let start = 0; start < seq; start += block) {
    const count = min<i32>(block, seq - start);
    const from = firstNear(start, reach), keys = endNear(start + count - 1, seq, reach) - from;
    const weights = p + <usize>start * ld + (<usize>from << 2), near = v + <usize>from * rowBytes;
    multiply(library, count, headDim, keys, weights, ld, 4, near, 4, rowBytes, y + <usize>start * outBytes, outBytes, packing);
  }
}

/**
 * ints: qkv, mask or 0, y, lse, batch, seq, heads, headDim, scratch, scratchStride, key 0, key 1, threshold, products by
 * the library, reach, dy, dqkv;
 * floats: scale, 1 / (1 - rate)
 */
export function attentionGradTask(args: usize, task: i32, thread: i32): void {
  const seq = int(args, 5), heads = int(args, 6), headDim = int(args, 7);
  const scratch = address(args, 8) + <usize>thread * address(args, 9);
  const hidden = heads * headDim, example = task / heads, head = task % heads;
  const rowBytes = <usize>hidden * 12, headBytes = <usize>headDim << 2, outBytes = <usize>hidden << 2;
  const inQkv = <usize>example * <usize>seq * rowBytes + <usize>head * 3 * headBytes;
  const q = address(args, 0) + inQkv, k = q + headBytes, v = k + headBytes;
  const dq = address(args, 16) + inQkv, dk = dq + headBytes, dv = dk + headBytes;
  const inY = <usize>example * <usize>seq * outBytes + <usize>head * headBytes;
  const y = address(args, 2) + inY, dy = address(args, 15) + inY;
  const lse = address(args, 3) + (<usize>task * <usize>seq << 2);
  const mask = address(args, 1) == 0 ? <usize>0 : address(args, 1) + (<usize>example * <usize>seq << 2);
  const padded = (seq + 3) & ~3, ld = <usize>padded << 2;
  const p = scratch, ds = p + <usize>seq * ld, packing = ds + <usize>seq * ld;
  const scale = f32x4.splat(float(args, 0));
  const threshold = int(args, 12);
  const library = int(args, 13) != 0, reach = int(args, 14), block = blockOf(seq, reach);

  for (let start = 0; start < seq; start += block) {
    const count = min<i32>(block, seq - start);
    const from = firstNear(start, reach), keys = endNear(start + count - 1, seq, reach) - from;
    const at = <usize>start * ld + (<usize>from << 2), inKeys = <usize>from * rowBytes;
    const queries = q + <usize>start * rowBytes, dyRows = dy + <usize>start * outBytes;
    multiply(library, count, keys, headDim, queries, rowBytes, 4, k + inKeys, rowBytes, 4, p + at, ld, packing);
    multiply(library, count, keys, headDim, dyRows, outBytes, 4, v + inKeys, rowBytes, 4, ds + at, ld, packing);
  }
  for (let i = 0; i < seq; i++) {
    let dot: f32 = 0;
    const dyRow = dy + <usize>i * outBytes, yRow = y + <usize>i * outBytes;
    for (let d: usize = 0; d < headBytes; d += 4) dot += load<f32>(dyRow + d) * load<f32>(yRow + d);
    const dots = f32x4.splat(dot), lses = f32x4.splat(load<f32>(lse + (<usize>i << 2)));
    const row = p + <usize>i * ld, dsRow = ds + <usize>i * ld;
    const from = firstNear(i, reach), to = endNear(i, seq, reach);
    const first = from & ~7, end = (to + 3) & ~3;
    for (let matrix = 0; matrix < 2; matrix++) {
      const start = matrix == 0 ? row : dsRow;
      memory.fill(start, 0, <usize>first << 2);
      memory.fill(start + (<usize>end << 2), 0, <usize>(padded - end) << 2);
    }
    for (let j = first; j < end; j += 4) {
      const at = <usize>j << 2;
      const probability = exp4(f32x4.sub(scoresAt(row, j, from, to, scale, mask), lses));
      let kept = probability, dp = v128.load(dsRow + at);
      if (threshold) {
        const factor = dropoutAt(args, task, i, j, threshold);
        kept = f32x4.mul(probability, factor);
        dp = f32x4.mul(dp, factor);
      }
      v128.store(row + at, kept);
      v128.store(dsRow + at, f32x4.mul(f32x4.mul(probability, f32x4.sub(dp, dots)), scale));
    }
  }
  for (let start = 0; start < seq; start += block) {
    const count = min<i32>(block, seq - start);
    const from = firstNear(start, reach), near = endNear(start + count - 1, seq, reach) - from;
    const own = <usize>start * rowBytes, others = <usize>from * rowBytes;
    // What the block's queries see, and the queries that see the block's keys: both are the same positions.
    const across = ds + <usize>start * ld + (<usize>from << 2);
    const down = <usize>from * ld + (<usize>start << 2);
    multiply(library, count, headDim, near, p + down, 4, ld, dy + <usize>from * outBytes, 4, outBytes, dv + own, rowBytes, packing);
    multiply(library, count, headDim, near, across, ld, 4, k + others, 4, rowBytes, dq + own, rowBytes, packing);
    multiply(library, count, headDim, near, ds + down, 4, ld, q + others, 4, rowBytes, dk + own, rowBytes, packing);
  }
}
