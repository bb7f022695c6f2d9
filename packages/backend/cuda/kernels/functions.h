// Elementary functions in float32, written out: a compiler without NVIDIA's library has none. Within a few units in the
// last place over the whole range; infinities and NaN as IEEE has them. The emulator runs the same text.
#pragma once
#include "device.h"

/** Threads of a warp, which run together. */
constexpr u32 WARP = 32;

#define INFINITE float_of(0x7f800000u)
#define NOT_A_NUMBER float_of(0x7fc00000u)

__device__ __forceinline__ bool is_nan(float x) { return x != x; }

/** 2^n for -126 <= n <= 127. */
__device__ __forceinline__ float power_of_two(int n) { return float_of((u32)(n + 127) << 23); }

/** e^x = 2^n e^r with |r| <= ln 2 / 2, and a polynomial of degree 7 (Cephes, expf). In two factors, so that it may overflow or underflow. */
__device__ inline float m_exp(float x) {
  if (is_nan(x)) return x;
  const float clamped = x > 90 ? 90.0f : x < -105 ? -105.0f : x;
  const float n = d_nearest(clamped * 1.44269504f);
  float r = d_fma(n, -0.693359375f, clamped);
  r = d_fma(n, 2.12194440e-4f, r);
  float p = d_fma(1.9875691500e-4f, r, 1.3981999507e-3f);
  p = d_fma(p, r, 8.3334519073e-3f);
  p = d_fma(p, r, 4.1665795894e-2f);
  p = d_fma(p, r, 1.6666665459e-1f);
  p = d_fma(p, r, 5.0000001201e-1f);
  const float y = d_fma(p * r, r, r) + 1.0f;
  const int whole = d_integer(n), half = whole / 2;
  return y * power_of_two(half) * power_of_two(whole - half);
}

/** ln x: x = 2^e m with m in [sqrt 1/2, sqrt 2] (Cephes, logf). */
__device__ inline float m_log(float x) {
  if (is_nan(x) || x == INFINITE) return x;
  if (x <= 0) return x == 0 ? -INFINITE : NOT_A_NUMBER;
  int e = 0;
  if (x < 1.17549435e-38f) { x *= 8388608.0f; e = -23; } // subnormal
  const u32 bits = bits_of(x);
  e += (int)(bits >> 23) - 126;
  float m = float_of((bits & 0x007fffffu) | 0x3f000000u); // in [1/2, 1)
  if (m < 0.707106781f) { m = m + m; e -= 1; }
  m -= 1.0f;
  const float z = m * m;
  float p = d_fma(7.0376836292e-2f, m, -1.1514610310e-1f);
  p = d_fma(p, m, 1.1676998740e-1f);
  p = d_fma(p, m, -1.2420140846e-1f);
  p = d_fma(p, m, 1.4249322787e-1f);
  p = d_fma(p, m, -1.6668057665e-1f);
  p = d_fma(p, m, 2.0000714765e-1f);
  p = d_fma(p, m, -2.4999993993e-1f);
  p = d_fma(p, m, 3.3333331174e-1f);
  const float f = (float)e;
  float y = p * m * z;
  y = d_fma(f, -2.12194440e-4f, y);
  y = d_fma(-0.5f, z, y);
  return d_fma(f, 0.693359375f, m + y);
}

/** ln(1 + x), exact where 1 + x rounds: the quotient takes the rounding out again (Kahan). */
__device__ inline float m_log1p(float x) {
  const float u = 1.0f + x;
  if (u == 1.0f || u == INFINITE) return x;
  return m_log(u) * (x / (u - 1.0f));
}

/** e^x - 1: a series near 0, where the difference would cancel. */
__device__ inline float m_expm1(float x) {
  if (d_abs(x) < 0.5f) {
    float p = d_fma(x, 1.0f / 5040, 1.0f / 720);
    p = d_fma(p, x, 1.0f / 120);
    p = d_fma(p, x, 1.0f / 24);
    p = d_fma(p, x, 1.0f / 6);
    p = d_fma(p, x, 0.5f);
    return d_fma(p * x, x, x);
  }
  return m_exp(x) - 1.0f;
}

__device__ inline float m_tanh(float x) {
  const float a = d_abs(x);
  if (a > 10.0f) return x < 0 ? -1.0f : 1.0f;
  const float t = m_expm1(2 * a), y = t / (t + 2);
  return x < 0 ? -y : y;
}

__device__ inline float m_sigmoid(float x) { return 1 / (1 + m_exp(-x)); }

/** ln(1 + e^x). */
__device__ inline float m_softplus(float x) { return is_nan(x) ? x : (x > 0 ? x : 0.0f) + m_log1p(m_exp(-d_abs(x))); }

/** erf(x) as x P(x^2) / Q(x^2), with x clamped to -4..4, where float32 has reached 1. */
__device__ inline float m_erf(float value) {
  if (is_nan(value)) return value;
  const float x = value > 4 ? 4.0f : value < -4 ? -4.0f : value, s = x * x;
  float p = d_fma(-2.72614225801306e-10f, s, 2.77068142495902e-08f);
  p = d_fma(p, s, -2.10102402082508e-06f);
  p = d_fma(p, s, -5.69250639462346e-05f);
  p = d_fma(p, s, -7.34990630326855e-04f);
  p = d_fma(p, s, -2.95459980854025e-03f);
  p = d_fma(p, s, -1.60960333262415e-02f);
  float q = d_fma(-1.45660718464996e-05f, s, -2.13374055278905e-04f);
  q = d_fma(q, s, -1.68282697438203e-03f);
  q = d_fma(q, s, -7.37332916720468e-03f);
  q = d_fma(q, s, -1.42647390514189e-02f);
  return x * p / q;
}

/** The sine of x + quarter * pi / 2; the reduction in float64 holds up to 2^30, and what is beyond is NaN. */
__device__ inline float m_sine(float x, int quarter) {
  if (!(d_abs(x) <= 1073741824.0f)) return NOT_A_NUMBER;
  const double k = d_nearest((double)x * 0.6366197723675814);
  double reduced = (double)x - k * 1.5707963267341256;
  reduced -= k * 6.0771005065061922e-11;
  const float r = (float)reduced, z = r * r;
  const int quadrant = (int)((long long)k + quarter) & 3;
  float y;
  if (quadrant & 1) {
    y = d_fma(2.443315711809948e-5f, z, -1.388731625493765e-3f);
    y = d_fma(y, z, 4.166664568298827e-2f);
    y = d_fma(y * z, z, d_fma(-0.5f, z, 1.0f));
  } else {
    y = d_fma(-1.9515295891e-4f, z, 8.3321608736e-3f);
    y = d_fma(y, z, -1.6666654611e-1f);
    y = d_fma(y * z, r, r);
  }
  return quadrant & 2 ? -y : y;
}
__device__ inline float m_sin(float x) { return m_sine(x, 0); }
__device__ inline float m_cos(float x) { return m_sine(x, 1); }

/** ln x for a normal x > 0: the series of artanh((m - 1) / (m + 1)). */
__device__ inline double m_log64(double x) {
  const u64 bits = bits_of(x);
  int e = (int)(bits >> 52 & 0x7ff) - 1023;
  double m = double_of((bits & 0x000fffffffffffffull) | 0x3ff0000000000000ull);
  if (m > 1.4142135623730951) { m *= 0.5; e += 1; }
  const double s = (m - 1) / (m + 1), s2 = s * s;
  double sum = 0;
  for (int k = 21; k >= 1; k -= 2) sum = sum * s2 + 1.0 / k;
  return 2 * s * sum + e * 0.6931471805599453;
}

/** e^x for |x| <= 700. */
__device__ inline double m_exp64(double x) {
  const double n = d_nearest(x * 1.4426950408889634);
  const double r = (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;
  double sum = 1;
  for (int k = 13; k >= 1; k--) sum = sum * r / k + 1;
  return sum * double_of((u64)((long long)n + 1023) << 52);
}

/** x^y in float64 between, as float32 would lose what the exponent multiplies. */
__device__ inline float m_pow(float x, float y) {
  if (y == 0) return 1.0f;
  if (is_nan(x) || is_nan(y)) return NOT_A_NUMBER;
  const float a = d_abs(x);
  const bool whole = d_floor(y) == y, odd = whole && d_abs(y) < 16777216.0f && ((int)y & 1);
  if (d_abs(y) == INFINITE) return a == 1 ? NOT_A_NUMBER : (a > 1) == (y > 0) ? INFINITE : 0.0f; // as JavaScript has 1 ** Infinity
  float magnitude;
  if (a == 0) magnitude = y < 0 ? INFINITE : 0.0f;
  else if (a == INFINITE) magnitude = y < 0 ? 0.0f : INFINITE;
  else {
    if (x < 0 && !whole) return NOT_A_NUMBER;
    const double e = y * m_log64(a);
    magnitude = e > 100 ? INFINITE : e < -110 ? 0.0f : (float)m_exp64(e);
  }
  const bool negative = (bits_of(x) >> 31) && odd;
  return negative ? -magnitude : magnitude;
}

/** The remainder with the sign of the divisor, as Python has it. */
__device__ inline float m_mod(float a, float b) {
  const double remainder = (double)a - (double)b * d_truncate((double)a / b);
  return (float)(remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder);
}
__device__ inline int m_mod(int a, int b) {
  if (b == 0 || b == -1) return 0;
  const int remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}
__device__ inline float m_floor_div(float a, float b) { return d_floor(a / b); }
__device__ inline int m_floor_div(int a, int b) {
  if (b == 0) return 0;
  if (b == -1) return (int)(0u - (u32)a);
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/** The larger one; NaN if one of them is. */
__device__ __forceinline__ float m_max(float a, float b) { return is_nan(a) ? a : is_nan(b) ? b : a > b ? a : b; }
__device__ __forceinline__ float m_min(float a, float b) { return is_nan(a) ? a : is_nan(b) ? b : a < b ? a : b; }
__device__ __forceinline__ int m_max(int a, int b) { return a > b ? a : b; }
__device__ __forceinline__ int m_min(int a, int b) { return a < b ? a : b; }
