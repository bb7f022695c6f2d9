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

/** e^x: 2^n e^r with |r| <= ln 2 / 2 and a polynomial of degree 7; 0 below -87.3, about 1.6e38 above 88. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const lowest = f32x4.splat(-87.33654);
  const clamped = f32x4.min(f32x4.max(x, lowest), f32x4.splat(88.02));
  const n = f32x4.nearest(f32x4.mul(clamped, f32x4.splat(1.44269504)));
  // ln 2 in two parts, so that n * part is exact
  let r = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.add(r, f32x4.mul(n, f32x4.splat(2.12194440e-4)));
  let p = fma(f32x4.splat(1.9875691500e-4), r, f32x4.splat(1.3981999507e-3));
  p = fma(p, r, f32x4.splat(8.3334519073e-3));
  p = fma(p, r, f32x4.splat(4.1665795894e-2));
  p = fma(p, r, f32x4.splat(1.6666665459e-1));
  p = fma(p, r, f32x4.splat(5.0000001201e-1));
  const y = f32x4.add(fma(f32x4.mul(p, r), r, r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.andnot(f32x4.mul(y, power), f32x4.lt(x, lowest));
}

/** erf(x) as x P(x^2) / Q(x^2), with x clamped to -4..4, where float32 has reached 1. */
// @ts-ignore: decorator
@inline
export function erf4(value: v128): v128 {
  const x = f32x4.min(f32x4.max(value, f32x4.splat(-4)), f32x4.splat(4));
  const s = f32x4.mul(x, x);
  let p = fma(f32x4.splat(-2.72614225801306e-10), s, f32x4.splat(2.77068142495902e-08));
  p = fma(p, s, f32x4.splat(-2.10102402082508e-06));
  p = fma(p, s, f32x4.splat(-5.69250639462346e-05));
  p = fma(p, s, f32x4.splat(-7.34990630326855e-04));
  p = fma(p, s, f32x4.splat(-2.95459980854025e-03));
  p = fma(p, s, f32x4.splat(-1.60960333262415e-02));
  let q = fma(f32x4.splat(-1.45660718464996e-05), s, f32x4.splat(-2.13374055278905e-04));
  q = fma(q, s, f32x4.splat(-1.68282697438203e-03));
  q = fma(q, s, f32x4.splat(-7.37332916720468e-03));
  q = fma(q, s, f32x4.splat(-1.42647390514189e-02));
  return f32x4.div(f32x4.mul(x, p), q);
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
