#include "rows.h"

/** y [count, n] = rows of x, of `total` elements; zeros for an id out of range. `halves`: bit 0 x, bit 1 y. */
template <u32 W> __device__ __forceinline__ void gather_rows(const void* x, const int* ids, void* y, u32 total, u32 n, u32 rows, u32 halves) {
  const u32 i = global_thread() * W;
  if (i >= total) return;
  const int id = ids[i / n];
  float v[W] = {};
  if (id >= 0 && (u32)id < rows) load(v, x, (size_t)id * n + i % n, halves & 1);
  store(y, i, v, halves & 2);
}
OF_WIDTHS(gather_rows, (const void* x, const int* ids, void* y, u32 total, u32 n, u32 rows, u32 halves), (x, ids, y, total, n, rows, halves))

/**
 * y [rows, n] = the sums of the rows of x [count, n] whose id it is, in their order, none for the id `left_out`; and
 * `base` [rows, n], if it is not null. A warp a row: its lanes look at 32 ids at a time. No atomic additions. `halves`: bit 0 x, bit 1 y, bit 2 base.
 */
template <u32 W> __device__ __forceinline__ void scatter_rows(const void* x, const int* ids, const void* base, void* y, u32 rows, u32 n, u32 count, int left_out, u32 halves) {
  const u32 row = global_thread() / WARP, lane = threadIdx.x % WARP;
  if (row >= rows) return;
  // Few columns at a time, so that their sums stay in registers; the ids are read again for each.
  constexpr u32 STEPS = 8;
  for (u32 start = 0; start < n; start += STEPS * WARP * W) {
    float sums[STEPS][W] = {};
    if ((int)row != left_out)
      for (u32 first = 0; first < count; first += WARP) {
        u32 found = __ballot_sync(0xffffffffu, first + lane < count && ids[first + lane] == (int)row);
        for (; found; found &= found - 1) {
          const u32 k = first + lowest_bit(found);
          _Pragma("unroll") for (u32 s = 0; s < STEPS; s++) {
            const u32 i = start + (s * WARP + lane) * W;
            if (i >= n) continue;
            float v[W];
            load(v, x, (size_t)k * n + i, halves & 1);
            _Pragma("unroll") for (u32 e = 0; e < W; e++) sums[s][e] += v[e];
          }
        }
      }
    _Pragma("unroll") for (u32 s = 0; s < STEPS; s++) {
      const u32 i = start + (s * WARP + lane) * W;
      if (i >= n) continue;
      if (base) {
        float v[W];
        load(v, base, (size_t)row * n + i, halves & 4);
        _Pragma("unroll") for (u32 e = 0; e < W; e++) sums[s][e] += v[e];
      }
      store(y, (size_t)row * n + i, sums[s], halves & 2);
    }
  }
}
OF_WIDTHS(scatter_rows, (const void* x, const int* ids, const void* base, void* y, u32 rows, u32 n, u32 count, int left_out, u32 halves),
          (x, ids, base, y, rows, n, count, left_out, halves))
