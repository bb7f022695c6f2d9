#include "../cuda/activation.h"
#include "../cuda/rows.h"

KERNEL gelu_forward(const float* x, float* y, u32 n) {
  const u32 i = global_thread();
  if (i < n) y[i] = gelu_of(x[i]);
}
REGISTER(gelu_forward)

KERNEL gelu_backward(const float* dy, const float* x, float* dx, u32 n) {
  const u32 i = global_thread();
  if (i < n) dx[i] = dy[i] * gelu_slope(x[i]);
}
REGISTER(gelu_backward)
