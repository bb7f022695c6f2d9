#include "../cuda/rows.h"

/** `halves`: bit 0 x, bit 1 y. */
template <u32 W> __device__ __forceinline__ void dropout(const void* x, void* y, u32 n, u32 halves, const Dropout& d) {
  const u32 i = global_thread() * W;
  if (i >= n) return;
  float v[W];
  load(v, x, i, halves & 1);
  _Pragma("unroll") for (u32 e = 0; e < W; e++) v[e] *= kept(d, i + e);
  store(y, i, v, halves & 2);
}
OF_WIDTHS(dropout, (const void* x, void* y, u32 n, u32 halves, Dropout d), (x, y, n, halves, with_keys(d)))
