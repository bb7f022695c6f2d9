// A module of its own: PTX for sm_90a runs on cards of compute capability 9.0 alone.
#include "lists.h"
#include "pairs.h"
#include "wgmma-tile.h"

/** Batches of blockIdx.z; of `flags`, bit 0: c is added to, 1: c has halves, 2 and 3: a and b have batches, and not the same matrix for all. */
#define WGMMA_PRODUCT(name, along_a, along_b)                                                                                                      \
  KERNEL __launch_bounds__(WGMMA_THREADS, 2) product_wgmma_##name(TensorMap map_a, TensorMap map_b, const float* bias, void* c, u32 m, u32 n, \
                                                                  u32 k, float scale, u32 flags) {                                              \
    SHARED_BYTES(shared);                                                                                                                          \
    TENSOR_MAP(at_a, product_wgmma_##name, 0, map_a);                                                                                              \
    TENSOR_MAP(at_b, product_wgmma_##name, 1, map_b);                                                                                              \
    const u32 m0 = blockIdx.x * 128, n0 = blockIdx.y * 128, batch = blockIdx.z;                                                                    \
    float sums[64];                                                                                                                                \
    const BoxedOperand a = {at_a, flags & 4 ? batch : 0}, b = {at_b, flags & 8 ? batch : 0};                                                     \
    if (!multiply_boxes<along_a, along_b>(shared, a, b, k, [&](u32 i) INLINE { return m0 + i * BOX; }, [&](u32 i) INLINE { return n0 + i * BOX; }, sums)) \
      return;                                                                                                                                      \
    const size_t first = (size_t)batch * m * n;                                                                                                    \
    const Result result = {m, n, bias, flags & 2 ? (void*)((u16*)c + first) : (void*)((float*)c + first), scale, (flags & 1) != 0, (flags & 2) != 0}; \
    each_four_of<128>(shared, sums, [&](u32 row, u32 column, const float4& four, const float*) INLINE { result.store(m0 + row, n0 + column, four); }); \
  }                                                                                                                                                \
  REGISTER(product_wgmma_##name)

// Names say how the operands lie: n if k lies in a line, t if not.
WGMMA_PRODUCT(nn, true, true)
WGMMA_PRODUCT(nt, true, false)
WGMMA_PRODUCT(tn, false, true)
WGMMA_PRODUCT(tt, false, false)

/** c [m, n] = a b in float32, of operands that lie as in tt. */
struct WgmmaProduct { TensorMap a, b; float* c; u32 m, n, k, first_block; };

/** Many products in one launch: gradients of weights, each of which has few tiles and a long k. */
KERNEL __launch_bounds__(WGMMA_THREADS, 2) products_wgmma_tt(const WgmmaProduct* list, u32 count) {
  SHARED_BYTES(shared);
  const WgmmaProduct& p = entry_of(list, count, blockIdx.x);
  const u32 block = blockIdx.x - p.first_block, down = (p.m + 127) / 128, m0 = block % down * 128, n0 = block / down * 128;
  acquire_map(&p.a);
  acquire_map(&p.b);
  float sums[64];
  if (!multiply_boxes<false, false>(shared, {&p.a, 0}, {&p.b, 0}, p.k, [&](u32 i) INLINE { return m0 + i * BOX; }, [&](u32 i) INLINE { return n0 + i * BOX; }, sums))
    return;
  const Result result = {p.m, p.n, nullptr, p.c, 1, false, false};
  each_four_of<128>(shared, sums, [&](u32 row, u32 column, const float4& four, const float*) INLINE { result.store(m0 + row, n0 + column, four); });
}
REGISTER(products_wgmma_tt)
