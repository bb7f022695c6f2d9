#include "lists.h"

/** How an operand of a product lies: element (row, k) of a batch is at batch * `batch` + row * `across` + k * `along`. */
struct Operand { u32 batch, across, along; };

constexpr u32 TILE = 32, DEPTH = 16, PER_THREAD = 4;

/**
 * A tile of 32 x 32 of c [m, n] = scale a [m, k] b [k, n] (+ bias [n], if it is not null) (+ c, if `add`), by 64 threads with four by four
 * each; k in steps of 16 through shared memory.
 */
__device__ __forceinline__ void float_tile(u8* shared, const float* a, const float* b, const float* bias, float* c, u32 m, u32 n, u32 k,
                                           const Operand& at_a, const Operand& at_b, float scale, bool add, u32 row0, u32 column0) {
  float* tile_a = (float*)shared;              // [DEPTH][TILE + 1]
  float* tile_b = tile_a + DEPTH * (TILE + 1); // [DEPTH][TILE + 1]
  const u32 thread = threadIdx.x;
  const u32 my_row = thread / 8 * PER_THREAD, my_column = thread % 8 * PER_THREAD;
  float sums[PER_THREAD][PER_THREAD] = {};
  for (u32 k0 = 0; k0 < k; k0 += DEPTH) {
    for (u32 i = thread; i < TILE * DEPTH; i += 64) {
      // Neighbouring threads read neighbouring elements, along whichever axis these are.
      const u32 ka = at_a.along == 1 ? i % DEPTH : i / TILE, ra = at_a.along == 1 ? i / DEPTH : i % TILE;
      const u32 kb = at_b.along == 1 ? i % DEPTH : i / TILE, cb = at_b.along == 1 ? i / DEPTH : i % TILE;
      const bool in_a = row0 + ra < m && k0 + ka < k, in_b = column0 + cb < n && k0 + kb < k;
      tile_a[ka * (TILE + 1) + ra] = in_a ? a[(size_t)(row0 + ra) * at_a.across + (size_t)(k0 + ka) * at_a.along] : 0.0f;
      tile_b[kb * (TILE + 1) + cb] = in_b ? b[(size_t)(k0 + kb) * at_b.along + (size_t)(column0 + cb) * at_b.across] : 0.0f;
    }
    __syncthreads();
    for (u32 kk = 0; kk < DEPTH; kk++) {
      float va[PER_THREAD], vb[PER_THREAD];
      _Pragma("unroll") for (u32 i = 0; i < PER_THREAD; i++) {
        va[i] = tile_a[kk * (TILE + 1) + my_row + i];
        vb[i] = tile_b[kk * (TILE + 1) + my_column + i];
      }
      _Pragma("unroll") for (u32 i = 0; i < PER_THREAD; i++)
        _Pragma("unroll") for (u32 j = 0; j < PER_THREAD; j++) sums[i][j] = d_fma(va[i], vb[j], sums[i][j]);
    }
    __syncthreads();
  }
  _Pragma("unroll") for (u32 i = 0; i < PER_THREAD; i++)
    _Pragma("unroll") for (u32 j = 0; j < PER_THREAD; j++) {
      const u32 row = row0 + my_row + i, column = column0 + my_column + j;
      if (row < m && column < n) {
        float& to = c[(size_t)row * n + column];
        to = scale * sums[i][j] + (bias ? bias[column] : 0.0f) + (add ? to : 0.0f);
      }
    }
}

/** c [batches, m, n] = scale a [batches, m, k] b [batches, k, n] (+ bias) (+ c) in float32, whatever order the operands lie in. */
KERNEL __launch_bounds__(64) product_f32(const float* a, const float* b, const float* bias, float* c, u32 m, u32 n, u32 k, Operand at_a, Operand at_b,
                                            float scale, u32 add) {
  SHARED_BYTES(shared);
  const size_t batch = blockIdx.z;
  float_tile(shared, a + batch * at_a.batch, b + batch * at_b.batch, bias, c + batch * m * n, m, n, k, at_a, at_b, scale, add, blockIdx.x * TILE, blockIdx.y * TILE);
}
REGISTER(product_f32)

struct FloatProduct { const float *a, *b; float* c; u32 m, n, k; Operand at_a, at_b; u32 first_block, unused; };

/** Many products c [m, n] = a b in one launch. */
KERNEL __launch_bounds__(64) products_f32(const FloatProduct* list, u32 count) {
  SHARED_BYTES(shared);
  const FloatProduct& p = entry_of(list, count, blockIdx.x);
  const u32 block = blockIdx.x - p.first_block, down = (p.m + TILE - 1) / TILE;
  float_tile(shared, p.a, p.b, nullptr, p.c, p.m, p.n, p.k, p.at_a, p.at_b, 1, false, block % down * TILE, block / down * TILE);
}
REGISTER(products_f32)
