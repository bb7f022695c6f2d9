#include "../cuda/activation.h"
#include "../cuda/rows.h"

/** y [rows, half] = f(g) u of x [rows, 2 half] = [u, g]. `halves`: bit 0 x, bit 1 y. */
template <u32 W> __device__ __forceinline__ void glu_forward(const void* x, void* y, u32 n, u32 half, u32 kind, u32 halves) {
  const u32 i = global_thread() * W;
  if (i >= n) return;
  const size_t at = (size_t)(i / half) * 2 * half + i % half;
  float u[W], g[W];
  load(u, x, at, halves & 1);
  load(g, x, at + half, halves & 1);
  _Pragma("unroll") for (u32 e = 0; e < W; e++) u[e] *= activation_of(kind, g[e]);
  store(y, i, u, halves & 2);
}
OF_WIDTHS(glu_forward, (const void* x, void* y, u32 n, u32 half, u32 kind, u32 halves), (x, y, n, half, kind, halves))

/** du = dy f(g), dg = dy u f'(g). `halves`: bit 0 dy, bit 1 x, bit 2 dx. */
template <u32 W> __device__ __forceinline__ void glu_backward(const void* dy, const void* x, void* dx, u32 n, u32 half, u32 kind, u32 halves) {
  const u32 i = global_thread() * W;
  if (i >= n) return;
  const size_t at = (size_t)(i / half) * 2 * half + i % half;
  float d[W], u[W], g[W];
  load(d, dy, i, halves & 1);
  load(u, x, at, halves & 2);
  load(g, x, at + half, halves & 2);
  _Pragma("unroll") for (u32 e = 0; e < W; e++) {
    u[e] = d[e] * u[e] * activation_slope(kind, g[e]);
    d[e] *= activation_of(kind, g[e]);
  }
  store(dx, at, d, halves & 4);
  store(dx, at + half, u, halves & 4);
}
OF_WIDTHS(glu_backward, (const void* dy, const void* x, void* dx, u32 n, u32 half, u32 kind, u32 halves), (dy, x, dx, n, half, kind, halves))
