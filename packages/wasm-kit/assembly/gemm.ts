import { KC, MR, NR, TILE_BYTES } from "../src/layout";

// Single-precision matrix product C = A B in WASM SIMD, for every module that runs on the CPU backend.
//
// A is packed into panels of 6 rows (element [k][i] at k * 6 + i), B into panels of 8 columns ([k][j] at k * 8 + j), both
// padded with zeros, in blocks of KC along k. The register tile is 6 x 8: 12 accumulators, 2 vectors of B, 1 broadcast of
// A, which are the 15 vector registers that an x64 engine has to give. A panel of B (8 KiB) stays in the first-level cache
// while the panels of A (from the second level) pass by. Every element of C is summed over k in ascending order, block
// after block, whatever the partition into tasks: results do not depend on the number of threads.
//
// Strides are in bytes throughout.


/** a * b + c, fused if the engine has relaxed SIMD. */
// @ts-ignore: decorator
@inline
export function fma(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

// @ts-ignore: decorator
@inline
export function roundUp(n: i32, multiple: i32): i32 {
  return ((n + multiple - 1) / multiple) * multiple;
}

/**
 * One tile: c[6][8] (row stride ldc) = or += the product of a panel of A and a panel of B over kc steps.
 * Starts from c where `accumulate`, from the 8 values at `bias` where that is not 0, else from 0.
 */
function tile(a: usize, b: usize, kc: i32, c: usize, ldc: usize, accumulate: bool, bias: usize): void {
  const c1 = c + ldc, c2 = c1 + ldc, c3 = c2 + ldc, c4 = c3 + ldc, c5 = c4 + ldc;
  let s00 = f32x4.splat(0), s01 = s00;
  if (bias != 0) {
    s00 = v128.load(bias);
    s01 = v128.load(bias, 16);
  }
  let s10 = s00, s20 = s00, s30 = s00, s40 = s00, s50 = s00;
  let s11 = s01, s21 = s01, s31 = s01, s41 = s01, s51 = s01;
  if (accumulate) {
    s00 = v128.load(c); s01 = v128.load(c, 16);
    s10 = v128.load(c1); s11 = v128.load(c1, 16);
    s20 = v128.load(c2); s21 = v128.load(c2, 16);
    s30 = v128.load(c3); s31 = v128.load(c3, 16);
    s40 = v128.load(c4); s41 = v128.load(c4, 16);
    s50 = v128.load(c5); s51 = v128.load(c5, 16);
  }
  const end2 = a + <usize>(kc & ~1) * 24;
  while (a < end2) {
    let b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    s00 = fma(x, b0, s00); s01 = fma(x, b1, s01);
    x = v128.load32_splat(a, 4);
    s10 = fma(x, b0, s10); s11 = fma(x, b1, s11);
    x = v128.load32_splat(a, 8);
    s20 = fma(x, b0, s20); s21 = fma(x, b1, s21);
    x = v128.load32_splat(a, 12);
    s30 = fma(x, b0, s30); s31 = fma(x, b1, s31);
    x = v128.load32_splat(a, 16);
    s40 = fma(x, b0, s40); s41 = fma(x, b1, s41);
    x = v128.load32_splat(a, 20);
    s50 = fma(x, b0, s50); s51 = fma(x, b1, s51);

    b0 = v128.load(b, 32); b1 = v128.load(b, 48);
    x = v128.load32_splat(a, 24);
    s00 = fma(x, b0, s00); s01 = fma(x, b1, s01);
    x = v128.load32_splat(a, 28);
    s10 = fma(x, b0, s10); s11 = fma(x, b1, s11);
    x = v128.load32_splat(a, 32);
    s20 = fma(x, b0, s20); s21 = fma(x, b1, s21);
    x = v128.load32_splat(a, 36);
    s30 = fma(x, b0, s30); s31 = fma(x, b1, s31);
    x = v128.load32_splat(a, 40);
    s40 = fma(x, b0, s40); s41 = fma(x, b1, s41);
    x = v128.load32_splat(a, 44);
    s50 = fma(x, b0, s50); s51 = fma(x, b1, s51);
    a += 48;
    b += 64;
  }
  if (kc & 1) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    s00 = fma(x, b0, s00); s01 = fma(x, b1, s01);
    x = v128.load32_splat(a, 4);
    s10 = fma(x, b0, s10); s11 = fma(x, b1, s11);
    x = v128.load32_splat(a, 8);
    s20 = fma(x, b0, s20); s21 = fma(x, b1, s21);
    x = v128.load32_splat(a, 12);
    s30 = fma(x, b0, s30); s31 = fma(x, b1, s31);
    x = v128.load32_splat(a, 16);
    s40 = fma(x, b0, s40); s41 = fma(x, b1, s41);
    x = v128.load32_splat(a, 20);
    s50 = fma(x, b0, s50); s51 = fma(x, b1, s51);
  }
  v128.store(c, s00); v128.store(c, s01, 16);
  v128.store(c1, s10); v128.store(c1, s11, 16);
  v128.store(c2, s20); v128.store(c2, s21, 16);
  v128.store(c3, s30); v128.store(c3, s31, 16);
  v128.store(c4, s40); v128.store(c4, s41, 16);
  v128.store(c5, s50); v128.store(c5, s51, 16);
}

/** A tile of rows < 6 or cols < 8: computed in full in `temporary` (192 bytes), and only what exists is copied. */
function edgeTile(
  a: usize, b: usize, kc: i32, c: usize, ldc: usize, accumulate: bool, bias: usize,
  rows: i32, cols: i32, temporary: usize,
): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      let start: f32 = 0;
      if (accumulate) start = load<f32>(c + <usize>i * ldc + (<usize>j << 2));
      else if (bias != 0) start = load<f32>(bias + (<usize>j << 2));
      store<f32>(temporary + <usize>i * 32 + (<usize>j << 2), start);
    }
  }
  tile(a, b, kc, temporary, 32, true, 0);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      store<f32>(c + <usize>i * ldc + (<usize>j << 2), load<f32>(temporary + <usize>i * 32 + (<usize>j << 2)));
    }
  }
}

/**
 * c[m][n] = or += packedA packedB over one k block. Panels of A are kc * 24 bytes apart, panels of B kc * 32.
 */
export function multiplyPacked(
  packedA: usize, packedB: usize, m: i32, n: i32, kc: i32, c: usize, ldc: usize, accumulate: bool, bias: usize,
  temporary: usize,
): void {
  const panelA = <usize>kc * 24, panelB = <usize>kc * 32;
  for (let j = 0; j < n; j += NR) {
    const cols = min(NR, n - j);
    const columnBias = bias == 0 ? <usize>0 : bias + (<usize>j << 2);
    let a = packedA;
    for (let i = 0; i < m; i += MR) {
      const rows = min(MR, m - i);
      const at = c + <usize>i * ldc + (<usize>j << 2);
      if (rows == MR && cols == NR) tile(a, packedB, kc, at, ldc, accumulate, columnBias);
      else edgeTile(a, packedB, kc, at, ldc, accumulate, columnBias, rows, cols, temporary);
      a += panelA;
    }
    packedB += panelB;
  }
}

/** Writes the transpose of the 4 x 4 block whose rows start at r0..r3 to target, target + stride, ... */
// @ts-ignore: decorator
@inline
function transpose4(r0: usize, r1: usize, r2: usize, r3: usize, target: usize, stride: usize): void {
  const x0 = v128.load(r0), x1 = v128.load(r1), x2 = v128.load(r2), x3 = v128.load(r3);
  const lo01 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5), hi01 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
  const lo23 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5), hi23 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
  v128.store(target, v128.shuffle<i64>(lo01, lo23, 0, 2));
  v128.store(target + stride, v128.shuffle<i64>(lo01, lo23, 1, 3));
  v128.store(target + 2 * stride, v128.shuffle<i64>(hi01, hi23, 0, 2));
  v128.store(target + 3 * stride, v128.shuffle<i64>(hi01, hi23, 1, 3));
}

/** The same for 2 rows: pairs. */
// @ts-ignore: decorator
@inline
function transpose2(r0: usize, r1: usize, target: usize, stride: usize): void {
  const x0 = v128.load(r0), x1 = v128.load(r1);
  const lo = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5), hi = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
  v128.store64_lane(target, lo, 0);
  v128.store64_lane(target + stride, lo, 1);
  v128.store64_lane(target + 2 * stride, hi, 0);
  v128.store64_lane(target + 3 * stride, hi, 1);
}

/** Any panel, element by element: [k][width] from element (i, k) at source + i * across + k * along, zeros beyond `valid`. */
function packEdge(target: usize, source: usize, across: usize, along: usize, width: i32, valid: i32, kc: i32): void {
  for (let k = 0; k < kc; k++) {
    for (let i = 0; i < width; i++) {
      store<f32>(target, i < valid ? load<f32>(source + <usize>i * across) : 0);
      target += 4;
    }
    source += along;
  }
}

/** Packs m rows x kc of A (element (i, k) at source + i * across + k * along) into panels of 6. */
export function packA(target: usize, source: usize, across: usize, along: usize, m: i32, kc: i32): void {
  for (let i = 0; i < m; i += MR) {
    const rows = min(MR, m - i);
    const from = source + <usize>i * across;
    if (rows < MR || (across != 4 && along != 4)) {
      packEdge(target, from, across, along, MR, rows, kc);
    } else if (along == 4) {
      const r1 = from + across, r2 = r1 + across, r3 = r2 + across, r4 = r3 + across, r5 = r4 + across;
      const whole = kc & ~3;
      let to = target;
      for (let k: usize = 0; k < <usize>whole << 2; k += 16) {
        transpose4(from + k, r1 + k, r2 + k, r3 + k, to, 24);
        transpose2(r4 + k, r5 + k, to + 16, 24);
        to += 96;
      }
      packEdge(to, from + (<usize>whole << 2), across, 4, MR, MR, kc - whole);
    } else {
      let to = target, at = from;
      for (let k = 0; k < kc; k++) {
        v128.store(to, v128.load(at));
        store<i64>(to, load<i64>(at, 16), 16);
        to += 24;
        at += along;
      }
    }
    target += <usize>kc * 24;
  }
}

/** Packs kc x n columns of B (element (j, k) at source + j * across + k * along) into panels of 8. */
export function packB(target: usize, source: usize, across: usize, along: usize, n: i32, kc: i32): void {
  for (let j = 0; j < n; j += NR) {
    const cols = min(NR, n - j);
    const from = source + <usize>j * across;
    if (cols < NR || (across != 4 && along != 4)) {
      packEdge(target, from, across, along, NR, cols, kc);
    } else if (across == 4) {
      let to = target, at = from;
      for (let k = 0; k < kc; k++) {
        v128.store(to, v128.load(at));
        v128.store(to, v128.load(at, 16), 16);
        to += 32;
        at += along;
      }
    } else {
      const r1 = from + across, r2 = r1 + across, r3 = r2 + across;
      const r4 = r3 + across, r5 = r4 + across, r6 = r5 + across, r7 = r6 + across;
      const whole = kc & ~3;
      let to = target;
      for (let k: usize = 0; k < <usize>whole << 2; k += 16) {
        transpose4(from + k, r1 + k, r2 + k, r3 + k, to, 32);
        transpose4(r4 + k, r5 + k, r6 + k, r7 + k, to + 16, 32);
        to += 128;
      }
      packEdge(to, from + (<usize>whole << 2), across, 4, NR, NR, kc - whole);
    }
    target += <usize>kc * 32;
  }
}

/** Bytes of scratch that `gemm` needs. */
export function gemmScratch(m: i32, n: i32, k: i32): usize {
  const kc = min(k, KC);
  return (<usize>roundUp(m, MR) + <usize>roundUp(n, NR)) * <usize>kc * 4 + <usize>TILE_BYTES;
}

/**
 * c[m][n] = or += A B on one thread, for the small products inside a fused kernel.
 * A has element (i, k) at a + i * acrossA + k * alongA, B has (k, j) at b + j * acrossB + k * alongB.
 */
export function gemm(
  m: i32, n: i32, k: i32,
  a: usize, acrossA: usize, alongA: usize,
  b: usize, acrossB: usize, alongB: usize,
  c: usize, ldc: usize, accumulate: bool, scratch: usize,
): void {
  const packedA = scratch + <usize>TILE_BYTES;
  for (let k0 = 0; k0 < k; k0 += KC) {
    const kc = min(KC, k - k0);
    const packedB = packedA + <usize>roundUp(m, MR) * <usize>kc * 4;
    packA(packedA, a + <usize>k0 * alongA, acrossA, alongA, m, kc);
    packB(packedB, b + <usize>k0 * alongB, acrossB, alongB, n, kc);
    multiplyPacked(packedA, packedB, m, n, kc, c, ldc, accumulate || k0 > 0, 0, scratch);
  }
}
