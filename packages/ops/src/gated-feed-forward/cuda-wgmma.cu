#include "cuda-gate.h"
#include "wgmma-tile.h"

// cuda.cu on Hopper's matrix units. `half` is a multiple of eight.

/**
 * inner = x weight^T (+ bias), y [m, half] = f(g) u. The first box of a tile of the weight has rows of u, the second those of g at the same
 * places.
 */
KERNEL __launch_bounds__(WGMMA_THREADS, 2) gated_forward_wgmma(TensorMap map_x, TensorMap map_weight, const float* bias, u16* inner, u16* y, u32 m, u32 half,
                                                               u32 k, u32 kind) {
  SHARED_BYTES(shared);
  TENSOR_MAP(at_x, gated_forward_wgmma, 0, map_x);
  TENSOR_MAP(at_weight, gated_forward_wgmma, 1, map_weight);
  const u32 m0 = blockIdx.x * 128, n0 = blockIdx.y * BOX;
  float sums[64];
  if (!multiply_boxes<true, true>(shared, {at_x, 0}, {at_weight, 0}, k, [&](u32 i) INLINE { return m0 + i * BOX; }, [&](u32 i) INLINE { return n0 + i * half; }, sums))
    return;
  const GateForward gate = {bias, inner, y, m, half, kind};
  each_four_of<BOX>(shared, sums, [&](u32 row, u32 column, const float4& four, const float* line) INLINE {
    gate.store_four(m0 + row, n0 + column, four, line + BOX + column);
  });
}
REGISTER(gated_forward_wgmma)

/** dinner [m, 2 half] = the gradient of inner, of dy [m, k] weight [k, half] for the upstream gradient of the gate. */
KERNEL __launch_bounds__(WGMMA_THREADS, 2) gated_backward_wgmma(TensorMap map_dy, TensorMap map_weight, const u16* inner, u16* dinner, u32 m, u32 half, u32 k,
                                                                u32 kind) {
  SHARED_BYTES(shared);
  TENSOR_MAP(at_dy, gated_backward_wgmma, 0, map_dy);
  TENSOR_MAP(at_weight, gated_backward_wgmma, 1, map_weight);
  const u32 m0 = blockIdx.x * 128, n0 = blockIdx.y * 128;
  float sums[64];
  if (!multiply_boxes<true, false>(shared, {at_dy, 0}, {at_weight, 0}, k, [&](u32 i) INLINE { return m0 + i * BOX; }, [&](u32 i) INLINE { return n0 + i * BOX; }, sums))
    return;
  const GateBackward gate = {inner, dinner, m, half, kind};
  each_four_of<128>(shared, sums, [&](u32 row, u32 column, const float4& four, const float*) INLINE { gate.store_four(m0 + row, n0 + column, four); });
}
REGISTER(gated_backward_wgmma)
