// What a kernel does with sums of the products around a gate. inner [m, 2 half] = [u, g].
#pragma once
#include "../cuda/activation.h"
#include "../cuda/rows.h"

/** Up to four neighbours of a row; all four in one piece where rows are a multiple of four. */
__device__ __forceinline__ void load_some(float (&v)[4], const u16* x, u32 count, bool whole) {
  if (whole) { load(v, x, 0, true); return; }
  _Pragma("unroll") for (u32 e = 0; e < 4; e++) v[e] = e < count ? of_half(x[e]) : 0.0f;
}
__device__ __forceinline__ void store_some(u16* y, const float (&v)[4], u32 count, bool whole) {
  if (whole) { store(y, 0, v, true); return; }
  _Pragma("unroll") for (u32 e = 0; e < 4; e++)
    if (e < count) y[e] = (u16)pack_halves(v[e], 0.0f);
}

/** inner = sums (+ bias), y [m, half] = f(g) u. */
struct GateForward {
  const float* bias; u16 *inner, *y; u32 m, half, kind;
  /** Four sums of u from (row, column) on, and those of g at the same places. */
  __device__ __forceinline__ void store_four(u32 row, u32 column, const float4& four, const float* gates) const {
    if (row >= m || column >= half) return;
    const u32 count = half - column;
    const bool whole = half % 4 == 0;
    float u[4] = {four.x, four.y, four.z, four.w}, g[4], gated[4];
    _Pragma("unroll") for (u32 e = 0; e < 4; e++) {
      g[e] = gates[e];
      if (bias && e < count) { u[e] += bias[column + e]; g[e] += bias[half + column + e]; }
      // Rounded as they are kept, which is what the gradient is computed from.
      u[e] = of_half(pack_halves(u[e], 0) & 0xffff);
      g[e] = of_half(pack_halves(g[e], 0) & 0xffff);
      gated[e] = activation_of(kind, g[e]) * u[e];
    }
    u16* to = inner + (size_t)row * 2 * half + column;
    store_some(to, u, count, whole);
    store_some(to + half, g, count, whole);
    store_some(y + (size_t)row * half + column, gated, count, whole);
  }
};

/** dinner [m, 2 half] = the gradient of inner, of sums that are the gradient of f(g) u. */
struct GateBackward {
  const u16* inner; u16* dinner; u32 m, half, kind;
  __device__ __forceinline__ void store_four(u32 row, u32 column, const float4& four) const {
    if (row >= m || column >= half) return;
    const u32 count = half - column;
    const bool whole = half % 4 == 0;
    const size_t at_u = (size_t)row * 2 * half + column;
    float d[4] = {four.x, four.y, four.z, four.w}, u[4], g[4];
    load_some(u, inner + at_u, count, whole);
    load_some(g, inner + at_u + half, count, whole);
    _Pragma("unroll") for (u32 e = 0; e < 4; e++) {
      u[e] = d[e] * u[e] * activation_slope(kind, g[e]);
      d[e] *= activation_of(kind, g[e]);
    }
    store_some(dinner + at_u, d, count, whole);
    store_some(dinner + at_u + half, u, count, whole);
  }
};
