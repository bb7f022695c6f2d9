#include "../cuda/rows.h"

/** a' = a cos t - b sin t, b' = b cos t + a sin t for the halves a, b of each head's query and key; values stay. */
KERNEL rotary(const float* x, const float* table, float* y, u32 n, u32 seq, u32 heads, u32 head_dim, float direction) {
  const u32 i = global_thread();
  if (i >= n) return;
  const u32 column = i % head_dim, role = i / head_dim % 3, place = i / (3 * heads * head_dim) % seq, half = head_dim / 2;
  if (role == 2) { y[i] = x[i]; return; }
  const u32 angle = column % half;
  const float cosine = table[place * head_dim + angle], sine = direction * table[place * head_dim + half + angle];
  y[i] = column < half ? x[i] * cosine - x[i + half] * sine : x[i] * cosine + x[i - half] * sine;
}
REGISTER(rotary)
