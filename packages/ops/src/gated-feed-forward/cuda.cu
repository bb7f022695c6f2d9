#include "../cuda/activation.h"
#include "../cuda/rows.h"
#include "matrix-tile.h"

// The gate of a feed-forward layer where the products around it end, on matrix units. inner [m, 2 half] = [u, g].

/** How the operands lie: the steps from one line to the next, and whether they can be read 16 bytes at a time. */
struct GateLayout { u32 line_a, wide_a, line_b, wide_b; };

/** Up to four neighbours of a row; all four in one piece where rows are a multiple of four. */
__device__ __forceinline__ void load_some(float (&v)[4], const u16* x, u32 count, bool whole) {
  if (whole) { load(v, x, 0, true); return; }
  for (u32 e = 0; e < 4; e++) v[e] = e < count ? of_half(x[e]) : 0.0f;
}
__device__ __forceinline__ void store_some(u16* y, const float (&v)[4], u32 count, bool whole) {
  if (whole) { store(y, 0, v, true); return; }
  for (u32 e = 0; e < 4 && e < count; e++) y[e] = (u16)pack_halves(v[e], 0.0f);
}

/**
 * inner = x weight^T (+ bias), y [m, half] = f(g) u. Of the columns of a tile that a warp has, the first sixteen are of u and the others are
 * those of g at the same places, so that a thread has both.
 */
template <class T> __device__ __forceinline__ void gated_forward(u8* shared, const u16* x, const u16* weight, const float* bias, u16* inner, u16* y,
                                                                  u32 m, u32 half, u32 k, const GateLayout& at, u32 kind) {
  const HalfOperand left = {x, m, at.line_a, at.wide_a != 0}, right = {weight, 2 * half, at.line_b, at.wide_b != 0};
  const u32 m0 = blockIdx.x * T::rows, n0 = blockIdx.y * T::columns / 2;
  float sums[T::down][T::across][4] = {};
  auto row_of_weight = [&](u32 r) INLINE {
    const u32 column = n0 + r / 32 * 16 + r % 16;
    return column < half ? column + (r & 16 ? half : 0) : 2 * half;
  };
  multiply_tile<true, true, T>(shared, left, right, k, [&](u32 r) INLINE { return m0 + r; }, row_of_weight, sums);
  each_four<T>(shared, sums, [&](u32 r, u32 q, const float4& four, const float* line) INLINE {
    const u32 row = m0 + r, column = n0 + q / 32 * 16 + q % 16, count = half - column;
    if ((q & 16) || row >= m || column >= half) return;
    const bool whole = half % 4 == 0;
    float u[4] = {four.x, four.y, four.z, four.w}, g[4], gated[4];
    _Pragma("unroll") for (u32 e = 0; e < 4; e++) {
      g[e] = line[q + 16 + e];
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
  });
}

/** dinner [m, 2 half] = the gradient of inner, of dy [m, k] weight [k, half] for the upstream gradient of the gate. */
template <class T> __device__ __forceinline__ void gated_backward(u8* shared, const u16* dy, const u16* weight, const u16* inner, u16* dinner,
                                                                  u32 m, u32 half, u32 k, const GateLayout& at, u32 kind) {
  const HalfOperand left = {dy, m, at.line_a, at.wide_a != 0}, right = {weight, half, at.line_b, at.wide_b != 0};
  const u32 m0 = blockIdx.x * T::rows, n0 = blockIdx.y * T::columns;
  float sums[T::down][T::across][4] = {};
  multiply_tile<true, false, T>(shared, left, right, k, [&](u32 r) INLINE { return m0 + r; }, [&](u32 r) INLINE { return n0 + r; }, sums);
  each_four<T>(shared, sums, [&](u32 r, u32 q, const float4& four, const float*) INLINE {
    const u32 row = m0 + r, column = n0 + q, count = half - column;
    if (row >= m || column >= half) return;
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
  });
}

#define GATED(name, T)                                                                                                                 \
  KERNEL __launch_bounds__(T::threads) gated_forward_##name(const u16* x, const u16* weight, const float* bias, u16* inner, u16* y, u32 m, \
                                                            u32 half, u32 k, GateLayout at, u32 kind) {                                \
    SHARED_BYTES(shared);                                                                                                              \
    gated_forward<T>(shared, x, weight, bias, inner, y, m, half, k, at, kind);                                                         \
  }                                                                                                                                    \
  REGISTER(gated_forward_##name)                                                                                                       \
  KERNEL __launch_bounds__(T::threads) gated_backward_##name(const u16* dy, const u16* weight, const u16* inner, u16* dinner, u32 m,   \
                                                             u32 half, u32 k, GateLayout at, u32 kind) {                               \
    SHARED_BYTES(shared);                                                                                                              \
    gated_backward<T>(shared, dy, weight, inner, dinner, m, half, k, at, kind);                                                        \
  }                                                                                                                                    \
  REGISTER(gated_backward_##name)
GATED(large, Large)
GATED(small, Small)
