#include "../cuda/rows.h"

KERNEL dropout(const float* x, float* y, u32 n, Dropout d) {
  const u32 i = global_thread();
  if (i < n) y[i] = x[i] * kept(d, i);
}
REGISTER(dropout)
