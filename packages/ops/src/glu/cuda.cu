#include "../cuda/activation.h"
#include "../cuda/rows.h"

/** y [rows, half] = f(g) u of x [rows, 2 half] = [u, g]. */
KERNEL glu_forward(const float* x, float* y, u32 n, u32 half, u32 kind) {
  const u32 i = global_thread();
  if (i >= n) return;
  const size_t at = (size_t)(i / half) * 2 * half + i % half;
  y[i] = activation_of(kind, x[at + half]) * x[at];
}
REGISTER(glu_forward)

/** du = dy f(g), dg = dy u f'(g). */
KERNEL glu_backward(const float* dy, const float* x, float* dx, u32 n, u32 half, u32 kind) {
  const u32 i = global_thread();
  if (i >= n) return;
  const size_t at = (size_t)(i / half) * 2 * half + i % half;
  const float u = x[at], g = x[at + half], d = dy[i];
  dx[at] = d * activation_of(kind, g);
  dx[at + half] = d * u * activation_slope(kind, g);
}
REGISTER(glu_backward)
