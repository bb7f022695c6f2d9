#include "rows.h"

/** y [count, n] = rows of x; zeros for an id out of range. */
KERNEL gather_rows(const float* x, const int* ids, float* y, u32 total, u32 n, u32 rows) {
  const u32 i = global_thread();
  if (i >= total) return;
  const int id = ids[i / n];
  y[i] = id >= 0 && (u32)id < rows ? x[(size_t)id * n + i % n] : 0.0f;
}
REGISTER(gather_rows)

/**
 * y [rows, n] = scale * the sums of the rows of x [count, n] whose id it is, in their order, none for the id `left_out`. A warp a
 * row: its lanes look at 32 ids at a time, and add what they found one after the other. No atomic additions.
 */
KERNEL scatter_rows(const float* x, const int* ids, float* y, u32 rows, u32 n, u32 count, int left_out, float scale) {
  const u32 row = global_thread() / WARP, lane = threadIdx.x % WARP;
  if (row >= rows) return;
  y += (size_t)row * n;
  for (u32 i = lane; i < n; i += WARP) y[i] = 0;
  if ((int)row == left_out) return;
  for (u32 first = 0; first < count; first += WARP) {
    u32 found = __ballot_sync(0xffffffffu, first + lane < count && ids[first + lane] == (int)row);
    for (; found; found &= found - 1) {
      const u32 k = first + lowest_bit(found);
      for (u32 i = lane; i < n; i += WARP) y[i] += x[(size_t)k * n + i] * scale;
    }
  }
}
REGISTER(scatter_rows)
