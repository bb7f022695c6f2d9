#include "forms.h"

/** The halves of x [n], four a thread. */
KERNEL narrow(const float* x, u16* y, u32 n) {
  const u32 i = (blockIdx.x * blockDim.x + threadIdx.x) * 4;
  if (i + 4 <= n) {
    float v[4];
    load(v, x, i, false);
    store(y, i, v, true);
  } else for (u32 e = i; e < n; e++) y[e] = (u16)pack_halves(x[e], 0.0f);
}
REGISTER(narrow)

/** The float32 form of halves x [n], four a thread. */
KERNEL widen(const u16* x, float* y, u32 n) {
  const u32 i = (blockIdx.x * blockDim.x + threadIdx.x) * 4;
  if (i + 4 <= n) {
    float v[4];
    load(v, x, i, true);
    store(y, i, v, false);
  } else for (u32 e = i; e < n; e++) y[e] = of_half(x[e]);
}
REGISTER(widen)

/** y = a + b of halves [n], four a thread. */
KERNEL add_halves(const u16* a, const u16* b, u16* y, u32 n) {
  const u32 i = (blockIdx.x * blockDim.x + threadIdx.x) * 4;
  if (i + 4 <= n) {
    float v[4], w[4];
    load(v, a, i, true);
    load(w, b, i, true);
    _Pragma("unroll") for (u32 e = 0; e < 4; e++) v[e] += w[e];
    store(y, i, v, true);
  } else for (u32 e = i; e < n; e++) y[e] = (u16)pack_halves(of_half(a[e]) + of_half(b[e]), 0.0f);
}
REGISTER(add_halves)
