#include "lists.h"
#include "matrix-tile.h"
#include "pairs.h"

/** Where an operand lies: the steps from one batch and from one line to the next, and whether it can be read 16 bytes at a time. */
struct HalfLayout { u32 batch, line, wide; };

/** One tile of c [m, n] = scale a b (+ bias [n]) (+ c, if `add`); c has halves if `half`. */
template <bool along_a, bool along_b, class T>
__device__ __forceinline__ void product_tile(u8* shared, const HalfOperand& a, const HalfOperand& b, u32 m0, u32 n0, u32 k, const float* bias, void* c, float scale, bool add, bool half) {
  float sums[T::down][T::across][4] = {};
  multiply_tile<along_a, along_b, T>(shared, a, b, k, [&](u32 r) INLINE { return m0 + r; }, [&](u32 r) INLINE { return n0 + r; }, sums);
  const Result result = {a.rows, b.rows, bias, c, scale, add, half};
  T::each_pair([&](u32 i, u32 j, u32 e, u32 row, u32 column) INLINE { result.store(m0 + row, n0 + column, sums[i][j][e], sums[i][j][e + 1]); });
}

/** Batches of blockIdx.z; c has halves if bit 1 of `flags` is set, and is added to if bit 0 is. */
#define HALF_PRODUCT(name, along_a, along_b, T)                                                                                         \
  KERNEL __launch_bounds__(T::threads) product_half_##name(const u16* a, const u16* b, const float* bias, void* c, u32 m, \
      u32 n, u32 k, HalfLayout at_a, HalfLayout at_b, float scale, u32 flags) {                                                           \
    SHARED_BYTES(shared);                                                                                                                 \
    const HalfOperand left = {a + (size_t)blockIdx.z * at_a.batch, m, at_a.line, at_a.wide != 0};                                         \
    const HalfOperand right = {b + (size_t)blockIdx.z * at_b.batch, n, at_b.line, at_b.wide != 0};                                        \
    const size_t first = (size_t)blockIdx.z * m * n;                                                                                      \
    void* to = flags & 2 ? (void*)((u16*)c + first) : (void*)((float*)c + first);                                                         \
    product_tile<along_a, along_b, T>(shared, left, right, blockIdx.x * T::rows, blockIdx.y * T::columns, k, bias, to, scale,   \
                                                flags & 1, flags & 2);                                                                    \
  }                                                                                                                                       \
  REGISTER(product_half_##name)

// Names say how the operands lie: n if k lies in a line, t if not.
HALF_PRODUCT(nn_large, true, true, Large)
HALF_PRODUCT(nt_large, true, false, Large)
HALF_PRODUCT(tn_large, false, true, Large)
HALF_PRODUCT(tt_large, false, false, Large)
HALF_PRODUCT(nn_small, true, true, Small)
HALF_PRODUCT(nt_small, true, false, Small)
HALF_PRODUCT(tn_small, false, true, Small)
HALF_PRODUCT(tt_small, false, false, Small)

/** c [m, n] = a b in float32, of operands that lie as in tt. */
struct HalfProduct { const u16 *a, *b; float* c; u32 m, n, k; HalfLayout at_a, at_b; u32 first_block, unused; };

/** Many products in one launch: gradients of weights, each of which has few tiles and a long k. */
#define HALF_PRODUCTS(name, T)                                                                                                 \
  KERNEL __launch_bounds__(T::threads) products_half_tt_##name(const HalfProduct* list, u32 count) {            \
    SHARED_BYTES(shared);                                                                                                       \
    const HalfProduct& p = entry_of(list, count, blockIdx.x);                                                                   \
    const u32 block = blockIdx.x - p.first_block, down = (p.m + T::rows - 1) / T::rows;                                         \
    const HalfOperand left = {p.a, p.m, p.at_a.line, p.at_a.wide != 0}, right = {p.b, p.n, p.at_b.line, p.at_b.wide != 0};      \
    product_tile<false, false, T>(shared, left, right, block % down * T::rows, block / down * T::columns, p.k, nullptr, p.c, 1, false, false); \
  }                                                                                                                             \
  REGISTER(products_half_tt_##name)
HALF_PRODUCTS(large, Large)
HALF_PRODUCTS(small, Small)
