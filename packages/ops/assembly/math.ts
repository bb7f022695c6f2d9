// Elementary functions on four float32 lanes. NaN stays NaN.
import { fma } from "@cramkit/wasm-kit/assembly/gemm";

// @ts-ignore: decorator
@inline
export const LOWEST: f32 = -3.0e38;

/** Lanes 0..count-1 of memory, zeros beyond; count is 1 to 3. */
// @ts-ignore: decorator
@inline
export function loadTail(p: usize, count: i32): v128 {
  let v = v128.load32_zero(p);
  if (count > 1) v = v128.load32_lane(p + 4, v, 1);
  if (count > 2) v = v128.load32_lane(p + 8, v, 2);
  return v;
}

// @ts-ignore: decorator
@inline
export function storeTail(p: usize, v: v128, count: i32): void {
  v128.store32_lane(p, v, 0);
  if (count > 1) v128.store32_lane(p + 4, v, 1);
  if (count > 2) v128.store32_lane(p + 8, v, 2);
}

// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

// @ts-ignore: decorator
@inline
export function maxLanes(v: v128): f32 {
  return max(
    max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

// Coefficients are variables and not constants: V8 makes a constant vector anew wherever it is used, in three instructions,
// where a variable is one load. GELU takes two thirds of the time that it takes with constants.

let expLowest: v128 = f32x4.splat(-87.33654);
let expHighest: v128 = f32x4.splat(88.02);
let perLn2: v128 = f32x4.splat(1.44269504);
/** ln 2 in two parts, so that n times the first is exact. */
let ln2High: v128 = f32x4.splat(0.693359375);
let ln2Low: v128 = f32x4.splat(-2.12194440e-4);
let exp7: v128 = f32x4.splat(1.9875691500e-4);
let exp6: v128 = f32x4.splat(1.3981999507e-3);
let exp5: v128 = f32x4.splat(8.3334519073e-3);
let exp4th: v128 = f32x4.splat(4.1665795894e-2);
let exp3: v128 = f32x4.splat(1.6666665459e-1);
let exp2: v128 = f32x4.splat(5.0000001201e-1);
let one4: v128 = f32x4.splat(1);
let bias4: v128 = i32x4.splat(127);

/** e^x: 2^n e^r with |r| <= ln 2 / 2 and a polynomial of degree 7; 0 below -87.3, about 1.6e38 above 88. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const lowest = expLowest;
  const clamped = f32x4.min(f32x4.max(x, lowest), expHighest);
  const n = f32x4.nearest(f32x4.mul(clamped, perLn2));
  let r = f32x4.sub(clamped, f32x4.mul(n, ln2High));
  r = f32x4.sub(r, f32x4.mul(n, ln2Low));
  let p = fma(exp7, r, exp6);
  p = fma(p, r, exp5);
  p = fma(p, r, exp4th);
  p = fma(p, r, exp3);
  p = fma(p, r, exp2);
  const y = f32x4.add(fma(f32x4.mul(p, r), r, r), one4);
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), bias4), 23);
  return v128.andnot(f32x4.mul(y, power), f32x4.lt(x, lowest));
}

let erfEnd: v128 = f32x4.splat(4);
let erfStart: v128 = f32x4.splat(-4);
let erfP6: v128 = f32x4.splat(-2.72614225801306e-10);
let erfP5: v128 = f32x4.splat(2.77068142495902e-08);
let erfP4: v128 = f32x4.splat(-2.10102402082508e-06);
let erfP3: v128 = f32x4.splat(-5.69250639462346e-05);
let erfP2: v128 = f32x4.splat(-7.34990630326855e-04);
let erfP1: v128 = f32x4.splat(-2.95459980854025e-03);
let erfP0: v128 = f32x4.splat(-1.60960333262415e-02);
let erfQ4: v128 = f32x4.splat(-1.45660718464996e-05);
let erfQ3: v128 = f32x4.splat(-2.13374055278905e-04);
let erfQ2: v128 = f32x4.splat(-1.68282697438203e-03);
let erfQ1: v128 = f32x4.splat(-7.37332916720468e-03);
let erfQ0: v128 = f32x4.splat(-1.42647390514189e-02);

/** erf(x) as x P(x^2) / Q(x^2), with x clamped to -4..4, where float32 has reached 1. */
// @ts-ignore: decorator
@inline
export function erf4(value: v128): v128 {
  const x = f32x4.min(f32x4.max(value, erfStart), erfEnd);
  const s = f32x4.mul(x, x);
  let p = fma(erfP6, s, erfP5);
  p = fma(p, s, erfP4);
  p = fma(p, s, erfP3);
  p = fma(p, s, erfP2);
  p = fma(p, s, erfP1);
  p = fma(p, s, erfP0);
  let q = fma(erfQ4, s, erfQ3);
  q = fma(q, s, erfQ2);
  q = fma(q, s, erfQ1);
  q = fma(q, s, erfQ0);
  return f32x4.div(f32x4.mul(x, p), q);
}

let slopeEnd: v128 = f32x4.splat(5.85);
let slopeStart: v128 = f32x4.splat(-5.85);
let half4: v128 = f32x4.splat(0.5);
let slopeP5: v128 = f32x4.splat(1.92929022e-7);
let slopeP4: v128 = f32x4.splat(3.59559272e-5);
let slopeP3: v128 = f32x4.splat(1.92206371e-5);
let slopeP2: v128 = f32x4.splat(0.0142303044);
let slopeP1: v128 = f32x4.splat(-0.0309958514);
let slopeP0: v128 = f32x4.splat(0.797885358);
let slopeQ5: v128 = f32x4.splat(8.95241101e-6);
let slopeQ4: v128 = f32x4.splat(1.92036401e-4);
let slopeQ3: v128 = f32x4.splat(0.00352303474);
let slopeQ2: v128 = f32x4.splat(0.0409802124);
let slopeQ1: v128 = f32x4.splat(0.294494033);

/**
 * The derivative of GELU, 1/2 + erf(x / sqrt 2) / 2 + x e^(-x^2 / 2) / sqrt(2 pi), as 1/2 + x P(x^2) / Q(x^2) with x clamped to
 * -5.85..5.85. A least-squares fit reweighted until the largest error was smallest: 1.1e-7, in float32 3e-7.
 */
// @ts-ignore: decorator
@inline
export function geluSlope4(value: v128): v128 {
  const x = f32x4.min(f32x4.max(value, slopeStart), slopeEnd);
  const s = f32x4.mul(x, x);
  let p = fma(slopeP5, s, slopeP4);
  p = fma(p, s, slopeP3);
  p = fma(p, s, slopeP2);
  p = fma(p, s, slopeP1);
  p = fma(p, s, slopeP0);
  let q = fma(slopeQ5, s, slopeQ4);
  q = fma(q, s, slopeQ3);
  q = fma(q, s, slopeQ2);
  q = fma(q, s, slopeQ1);
  q = fma(q, s, one4);
  return f32x4.add(half4, f32x4.div(f32x4.mul(x, p), q));
}

/** ln x for x > 0: x = m 2^e with m near 1, and the series of artanh((m - 1) / (m + 1)). */
export function log64(x: f64): f64 {
  const bits = reinterpret<u64>(x);
  let e = <i32>((bits >> 52) & 0x7ff) - 1023;
  let m = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    e += 1;
  }
  const s = (m - 1) / (m + 1), s2 = s * s;
  let sum: f64 = 0;
  for (let k = 21; k >= 1; k -= 2) sum = sum * s2 + 1 / <f64>k;
  return 2 * s * sum + <f64>e * 0.6931471805599453;
}
