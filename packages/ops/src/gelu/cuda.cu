#include "../cuda/activation.h"
#include "../cuda/rows.h"

/** `halves`: bit 0 x, bit 1 y. */
template <u32 W> __device__ __forceinline__ void gelu_forward(const void* x, void* y, u32 n, u32 halves) {
  const u32 i = global_thread() * W;
  if (i >= n) return;
  float v[W];
  load(v, x, i, halves & 1);
  _Pragma("unroll") for (u32 e = 0; e < W; e++) v[e] = gelu_of(v[e]);
  store(y, i, v, halves & 2);
}
OF_WIDTHS(gelu_forward, (const void* x, void* y, u32 n, u32 halves), (x, y, n, halves))

/** `halves`: bit 0 dy, bit 1 x, bit 2 dx. */
template <u32 W> __device__ __forceinline__ void gelu_backward(const void* dy, const void* x, void* dx, u32 n, u32 halves) {
  const u32 i = global_thread() * W;
  if (i >= n) return;
  float d[W], v[W];
  load(d, dy, i, halves & 1);
  load(v, x, i, halves & 2);
  _Pragma("unroll") for (u32 e = 0; e < W; e++) d[e] *= gelu_slope(v[e]);
  store(dx, i, d, halves & 4);
}
OF_WIDTHS(gelu_backward, (const void* dy, const void* x, void* dx, u32 n, u32 halves), (dy, x, dx, n, halves))
