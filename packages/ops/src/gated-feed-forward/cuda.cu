#include "cuda-gate.h"
#include "matrix-tile.h"

// The gate of a feed-forward layer where the products around it end, on matrix units. inner [m, 2 half] = [u, g].

/** How the operands lie: the steps from one line to the next, and whether they can be read 16 bytes at a time. */
struct GateLayout { u32 line_a, wide_a, line_b, wide_b; };

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
  const GateForward gate = {bias, inner, y, m, half, kind};
  each_four<T>(shared, sums, [&](u32 r, u32 q, const float4& four, const float* line) INLINE {
    if (!(q & 16)) gate.store_four(m0 + r, n0 + q / 32 * 16 + q % 16, four, line + q + 16);
  });
}

/** dinner [m, 2 half] = the gradient of inner, of dy [m, k] weight [k, half] for the upstream gradient of the gate. */
template <class T> __device__ __forceinline__ void gated_backward(u8* shared, const u16* dy, const u16* weight, const u16* inner, u16* dinner,
                                                                  u32 m, u32 half, u32 k, const GateLayout& at, u32 kind) {
  const HalfOperand left = {dy, m, at.line_a, at.wide_a != 0}, right = {weight, half, at.line_b, at.wide_b != 0};
  const u32 m0 = blockIdx.x * T::rows, n0 = blockIdx.y * T::columns;
  float sums[T::down][T::across][4] = {};
  multiply_tile<true, false, T>(shared, left, right, k, [&](u32 r) INLINE { return m0 + r; }, [&](u32 r) INLINE { return n0 + r; }, sums);
  const GateBackward gate = {inner, dinner, m, half, kind};
  each_four<T>(shared, sums, [&](u32 r, u32 q, const float4& four, const float*) INLINE { gate.store_four(m0 + r, n0 + q, four); });
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
